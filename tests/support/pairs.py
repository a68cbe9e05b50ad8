"""One pair of domains without sockets: a partner that is found or not, a stream that takes or not, a disk in memory."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, cast

from edgecert.shared.secret import Secret
from gateway.errors import DatabaseError
from gateway.model.jid import Jid
from gateway.net.connector import Connector
from gateway.net.dialler import Dialling
from gateway.net.failures import FailureLog
from gateway.net.metrics import Metrics
from gateway.net.pair import OutboundPair
from gateway.net.registry import ConnectionRegistry
from gateway.net.resolver import Found, ResolveError
from gateway.policy.partner import Partner
from gateway.tls.context import build_contexts
from gateway.tls.slot import ContextSlot
from gateway.tls.trust import TrustStore
from gateway.xmpp.configs import StreamLimits
from gateway.xmpp.dialback import KeyRing
from gateway.xmpp.element import Element
from gateway.xmpp.stanza import build_envelope
from tests.support.clock import FakeClock
from tests.support.streams import HOME, PARTNER

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Sequence

    from gateway.errors import Condition, StanzaCondition
    from gateway.model.envelope import Envelope
    from gateway.model.queued import QueuedStanza
    from gateway.net.bidi import Carrier
    from gateway.net.outbound import OutboundConnection
    from gateway.net.targets import SrvRecord


class FakeResolver:
    """Knows nobody, or fails."""

    def __init__(self, *, works: bool = True) -> None:
        """Answer that there is nothing, or not at all."""
        self.works = works
        self.fault: Exception | None = None
        """What goes wrong within it, that nobody has thought of."""

    async def find_srv(self, service: str, domain: str) -> Found[SrvRecord]:
        """Give nothing."""
        if self.fault is not None:
            raise self.fault
        if not self.works:
            raise ResolveError("no answer")
        return Found((), exists=False)

    async def find_addresses(self, host: str) -> tuple[Found[str], Found[str]]:
        """Give nothing."""
        return Found((), exists=False), Found((), exists=False)

    def forget(self, domain: str) -> None:
        """Know no better."""


def _open_gate() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate


@dataclass
class FakeShelf:
    """A disk in memory; it is as slow as ``gate`` is closed."""

    stanzas: dict[int, QueuedStanza] = field(default_factory=dict)
    numbers: int = 0
    broken: bool = False
    gate: asyncio.Event = field(default_factory=_open_gate)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def add(self, stanzas: Sequence[QueuedStanza]) -> list[QueuedStanza]:
        """Keep stanzas."""
        self.asked.set()
        await self.gate.wait()
        self._check()
        kept: list[QueuedStanza] = []
        for stanza in stanzas:
            self.numbers += 1
            kept.append(replace(stanza, number=self.numbers))
            self.stanzas[self.numbers] = kept[-1]
        return kept

    async def read(self, home: str, domain: str, *, after: int, limit: int) -> list[QueuedStanza]:
        """Give the oldest."""
        self._check()
        return [stanza for number, stanza in sorted(self.stanzas.items()) if number > after][:limit]

    async def remove(self, numbers: Iterable[int]) -> None:
        """Forget."""
        self._check()
        for number in numbers:
            del self.stanzas[number]

    @property
    def ids(self) -> list[str]:
        """The ids of what lies here, in order."""
        return [stanza.envelope.id for _, stanza in sorted(self.stanzas.items())]

    def _check(self) -> None:
        if self.broken:
            raise DatabaseError("no space left on device")


@dataclass(eq=False)
class FakeStream:
    """A stream that is open and takes what it is told to."""

    usable: bool = True
    congested: bool = False
    acknowledges: bool = False
    ended_well: bool = False
    authenticated: bool = True
    peer_address: str = "192.0.2.1"
    sent: list[str] = field(default_factory=list)
    was_cut: bool = False
    takes: int = 1_000_000

    largest: int = 0

    def send(self, envelope: Envelope) -> bool:
        """Take a stanza that is not too large."""
        if self.largest and len(envelope.raw) > self.largest:
            return False
        self.sent.append(envelope.id)
        self.takes -= 1
        self.congested = self.takes <= 0
        return True

    def flush(self) -> None:
        """Write."""

    def close(self, condition: Condition | None = None, text: str = "") -> None:
        """End."""
        self.usable = False

    def abort(self) -> None:
        """Cut."""
        self.was_cut = True


@dataclass
class FakeOwner:
    """Keeps what it is told; runs tasks when asked to."""

    partner: Partner | None = field(default_factory=lambda: Partner(domain=PARTNER))
    home_connected: bool = True
    bounced: list[tuple[str, StanzaCondition]] = field(default_factory=list)
    work: list[Coroutine[object, object, None]] = field(default_factory=list)

    @property
    def inbox(self) -> None:
        """Nobody takes what a partner would send over our streams."""

    def spawn(self, work: Coroutine[object, object, None], name: str) -> None:
        """Keep a task for later."""
        self.work.append(work)

    def find_partner(self, domain: str) -> Partner | None:
        """Give the partner."""
        return self.partner

    def reaches_home(self, domain: str) -> bool:
        """Whether a bounce arrives."""
        return self.home_connected

    def bounce(self, envelope: Envelope, condition: StanzaCondition, text: str) -> None:
        """Keep a bounce."""
        self.bounced.append((envelope.id, condition))

    def outbound_opened(self, connection: Carrier) -> None:
        """Pass over it."""

    def outbound_closed(self, connection: Carrier) -> None:
        """Pass over it."""

    def stanza_sent(self, envelope: Envelope) -> None:
        """Pass over it."""

    async def run(self) -> None:
        """Do all tasks, also those that they start."""
        while self.work:
            await self.work.pop(0)


@dataclass
class PairSetting:
    """One pair and everything around it."""

    owner: FakeOwner
    clock: FakeClock
    resolver: FakeResolver
    metrics: Metrics
    shelf: FakeShelf
    pair: OutboundPair

    def open(self, stream: FakeStream) -> FakeStream:
        """Let ``stream`` be the pair's, as if it had been dialled."""
        self.pair.opened(cast("OutboundConnection", stream))
        return stream

    def lose(self, stream: FakeStream, *, well: bool = False) -> None:
        """End ``stream``."""
        stream.usable, stream.ended_well = False, well
        self.pair.outbound_lost(cast("OutboundConnection", stream))

    def acknowledge(self, stream: FakeStream, count: int) -> None:
        """Let the partner have ``count`` more stanzas of ``stream``."""
        self.pair.outbound_acknowledged(cast("OutboundConnection", stream), count)

    @property
    def ended(self) -> Counter[str]:
        """How stanzas ended, by outcome."""
        return Counter({outcome: int(count) for outcome, count in counted(self.metrics, "queue_settled").items()})

    @property
    def entered(self) -> int:
        """How many stanzas came in."""
        return int(sum(counted(self.metrics, "queue_entered").values()))

    def verify_sums(self) -> None:
        """Each stanza that came in has ended or waits, in one place."""
        room, pair = self.pair.room, self.pair
        waiting = room.on_disk + room.only_in_memory + pair.unacknowledged_in_memory
        assert self.entered == sum(self.ended.values()) + waiting


def counted(metrics: Metrics, name: str) -> dict[str, float]:
    """Give a family of one label by its label."""
    return {
        next(iter(sample.labels.values())): sample.value
        for family in metrics.families()
        for sample in family.samples
        if sample.name.removesuffix("_total").endswith(name)
    }


def make_pair() -> PairSetting:
    """Give a pair for which nothing was sent."""
    owner, clock, resolver, shelf = FakeOwner(), FakeClock(), FakeResolver(), FakeShelf()
    metrics = Metrics(clock)
    dialling = Dialling(
        connector=Connector(resolver, Random(1)),  # noqa: S311  # to be repeatable
        slot=ContextSlot(build_contexts((), domains=(), trust=TrustStore(()))),
        clock=clock,
        random=Random(1),  # noqa: S311  # to be repeatable
        metrics=metrics,
        limits=StreamLimits(),
        failures=FailureLog(clock),
        keys=KeyRing(Secret(b"s3cr3t")),
        registry=ConnectionRegistry(),
        shelf=shelf,
    )
    return PairSetting(owner, clock, resolver, metrics, shelf, OutboundPair(owner, dialling, HOME, PARTNER))


def chat(number: int, to: str = f"alice@{PARTNER}") -> Envelope:
    """Give a message with a body and the id ``m<number>``."""
    attributes = {"from": f"bob@{HOME}", "to": str(Jid.parse(to)), "id": f"m{number}", "type": "chat"}
    return build_envelope(
        Element("jabber:server", "message", attributes, (Element("jabber:server", "body", {}, (f"hi {number}",)),))
    )


def ids(*numbers: int) -> list[str]:
    """Give the ids of such messages."""
    return [f"m{number}" for number in numbers]


async def be_down(setting: PairSetting) -> None:
    """Let the partner be down for longer than a moment, with ``m1`` waiting."""
    setting.resolver.works = False
    setting.pair.send(chat(1))
    await setting.owner.run()
    setting.clock.advance(timedelta(seconds=6))
