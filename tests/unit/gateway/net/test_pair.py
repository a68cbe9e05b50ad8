from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest

from gateway.errors import StanzaCondition
from gateway.net import pair as pair_module
from gateway.net.connector import Connector
from gateway.net.metrics import Metrics
from gateway.net.pair import Dialling, OutboundPair
from gateway.net.registry import ConnectionRegistry
from gateway.net.resolver import Found, ResolveError
from gateway.policy.partner import Partner
from gateway.tls.context import build_contexts
from gateway.tls.slot import ContextSlot
from gateway.tls.trust import TrustStore
from gateway.xmpp.configs import StreamLimits
from tests.support.clock import FakeClock
from tests.support.streams import HOME, PARTNER, envelope

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from gateway.model.envelope import Envelope
    from gateway.net.outbound import OutboundConnection
    from gateway.net.targets import SrvRecord


class FakeResolver:
    """Knows nobody, or fails."""

    def __init__(self, *, works: bool = True) -> None:
        self.works = works

    async def find_srv(self, service: str, domain: str) -> Found[SrvRecord]:
        if not self.works:
            raise ResolveError("no answer")
        return Found((), exists=False)

    async def find_addresses(self, host: str) -> tuple[Found[str], Found[str]]:
        return Found((), exists=False), Found((), exists=False)


@dataclass
class FakeOwner:
    """Keeps what it is told; runs tasks when asked to."""

    partner: Partner | None = field(default_factory=lambda: Partner(domain=PARTNER))
    bounced: list[tuple[str, StanzaCondition]] = field(default_factory=list)
    work: list[Coroutine[object, object, None]] = field(default_factory=list)

    def spawn(self, work: Coroutine[object, object, None], name: str) -> None:
        self.work.append(work)

    def find_partner(self, domain: str) -> Partner | None:
        return self.partner

    def bounce(self, envelope: Envelope, condition: StanzaCondition, text: str) -> None:
        self.bounced.append((envelope.id, condition))

    def outbound_opened(self, connection: OutboundConnection) -> None:
        raise AssertionError

    def outbound_closed(self, connection: OutboundConnection) -> None:
        raise AssertionError

    def stanza_sent(self, envelope: Envelope) -> None:
        raise AssertionError

    async def run(self) -> None:
        work, self.work = self.work, []
        for each in work:
            await each


@dataclass
class Setting:
    owner: FakeOwner
    clock: FakeClock
    resolver: FakeResolver
    pair: OutboundPair


@pytest.fixture
async def setting() -> Setting:
    owner, clock, resolver = FakeOwner(), FakeClock(), FakeResolver()
    dialling = Dialling(
        connector=Connector(resolver, Random(1)),  # noqa: S311  # to be repeatable
        slot=ContextSlot(build_contexts((), domains=(), trust=TrustStore(()))),
        clock=clock,
        random=Random(1),  # noqa: S311  # to be repeatable
        metrics=Metrics(clock),
        limits=StreamLimits(),
        registry=ConnectionRegistry(),
    )
    return Setting(owner, clock, resolver, OutboundPair(owner, dialling, HOME, PARTNER))


async def test_what_waits_for_a_domain_that_is_not_there_comes_back_in_order(setting: Setting) -> None:
    for number in range(3):
        setting.pair.send(envelope(id_=f"i{number}"))
    assert (setting.pair.state, setting.pair.queued, len(setting.owner.work)) == ("connecting", 3, 1)
    await setting.owner.run()
    not_found = StanzaCondition.REMOTE_SERVER_NOT_FOUND
    assert setting.owner.bounced == [("i0", not_found), ("i1", not_found), ("i2", not_found)]
    assert setting.pair.state == "failed"
    assert setting.pair.failure is not None
    assert setting.pair.failure.code == "dns-not-found"


async def test_a_dns_that_does_not_answer_is_something_to_wait_for(setting: Setting) -> None:
    setting.resolver.works = False
    setting.pair.send(envelope())
    await setting.owner.run()
    assert setting.owner.bounced == [("i1", StanzaCondition.REMOTE_SERVER_TIMEOUT)]


async def test_patience_doubles_with_each_failure_and_ends_when_the_partner_is_heard_of(setting: Setting) -> None:
    async def tries_after(seconds: float) -> bool:
        setting.clock.advance(timedelta(seconds=seconds))
        setting.pair.send(envelope())
        tried = bool(setting.owner.work)
        await setting.owner.run()
        return tried

    assert await tries_after(0)
    assert not await tries_after(3.9)
    assert await tries_after(2.2)  # 5 s, a fifth more or less
    assert not await tries_after(7.9)
    assert await tries_after(4.2)  # 10 s
    assert not await tries_after(1)
    setting.pair.clear_back_off()
    assert await tries_after(0)
    for _ in range(10):
        await tries_after(361)
    assert await tries_after(361)  # 300 s at most


async def test_a_full_queue_bounces_the_next_one_alone(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair_module, "MAX_QUEUED", 2)
    for number in range(3):
        setting.pair.send(envelope(id_=f"i{number}"))
    assert setting.owner.bounced == [("i2", StanzaCondition.RESOURCE_CONSTRAINT)]
    assert setting.pair.queued == 2
    setting.pair.give_up(StanzaCondition.NOT_ALLOWED, "gone")
    assert [identity for identity, _ in setting.owner.bounced] == ["i2", "i0", "i1"]
    await setting.owner.run()


async def test_who_is_no_partner_any_more_is_not_dialled(setting: Setting) -> None:
    setting.owner.partner = None
    setting.pair.send(envelope())
    await setting.owner.run()
    assert setting.pair.failure is not None
    assert setting.pair.failure.code == "not-a-partner"
