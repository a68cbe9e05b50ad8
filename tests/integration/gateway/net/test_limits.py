"""Floods, slow readers and slow writers: what they may hold is counted, and has a bound."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from edgecert.shared.control import SwapRequest
from gateway.net import registry as registry_module
from gateway.net import waiting
from gateway.net.connection import MAX_UNREAD, MAX_UNSENT, READ_STEP, WRITE_HIGH
from gateway.service import Gateway
from gateway.settings import LimitOptions
from tests.integration.gateway.conftest import SECRET
from tests.support.clock import FakeClock
from tests.support.component import connect_component
from tests.support.pairs import counted
from tests.support.pki import now
from tests.support.rawpeer import DOMAIN, dial, dial_authenticated, header
from tests.support.waiting import eventually

if TYPE_CHECKING:
    import pytest

    from tests.integration.gateway.conftest import World

PARTNER = "fabrikam.example"
ALICE, BOB = f"alice@{DOMAIN}", f"bob@{PARTNER}"


async def test_a_flood_of_half_open_connections_has_a_bound_and_an_end(world: World) -> None:
    clock = FakeClock(now())
    gateway = Gateway(world.settings(DOMAIN, 1, limits=LimitOptions(connection_limit=5)), clock=clock)
    host = world.addresses[DOMAIN]
    async with gateway.running():
        await gateway.swap(SwapRequest(world.pki.issue([DOMAIN]).bundle()))
        peers = [await dial(host) for _ in range(5)]
        await eventually(lambda: len(gateway.hub.inbound) == 5)
        for _ in range(20):
            oldest = peers.pop(0)
            peers.append(await dial(host))
            with suppress(ConnectionResetError):
                assert await oldest.until_closed() == b""
            await oldest.close()
            assert len(gateway.hub.inbound) == 5
        # One that says nothing, one that stops in the middle of a tag, one that never begins its handshake.
        peers[1].say(header()[:40])
        peers[2].say(header())
        await peers[2].until(rb"</stream:features>")
        clock.advance(timedelta(seconds=61))
        gateway.hub.keep_house()
        for peer in peers:
            await peer.until_closed()
            await peer.close()
        await eventually(lambda: len(gateway.hub.dialling.registry) == 0)
        assert not gateway.hub.inbound
        assert gateway.hub.dialling.registry.held == 0


async def test_a_stanza_that_never_ends_holds_no_more_than_the_largest_stanza(world: World) -> None:
    async with world.gateway(world.settings(DOMAIN, 1), world.pki.issue([DOMAIN]), PARTNER) as gateway:
        registry = gateway.hub.dialling.registry
        peer = await dial_authenticated(world.addresses[DOMAIN], gateway, world.pki)
        peer.say(f"<message from='{BOB}' to='{ALICE}'><body>".encode() + b"<i/>" * 10_000)
        await eventually(lambda: registry.held > 40_000)
        assert registry.held <= MAX_UNREAD + READ_STEP
        peer.say(b"<i/>" * 100_000)
        assert b"policy-violation" in await peer.until_closed()
        await eventually(lambda: registry.held == 0)
        await peer.close()


async def test_of_many_slow_writers_the_one_who_holds_most_has_to_go(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry_module, "MAX_HELD", 100_000)
    async with world.gateway(world.settings(DOMAIN, 1), world.pki.issue([DOMAIN]), PARTNER) as gateway:
        registry, host = gateway.hub.dialling.registry, world.addresses[DOMAIN]
        beginning = f"<message from='{BOB}' to='{ALICE}'><body>".encode()
        small, large = [await dial_authenticated(host, gateway, world.pki) for _ in range(2)]
        large.say(beginning + b"<i/>" * 16_000)
        await eventually(lambda: registry.held > 60_000)
        small.say(beginning + b"<i/>" * 10_000)
        assert b"resource-constraint" in await large.until_closed()
        assert registry.held <= 100_000
        assert (
            sum(connection.authenticated and not connection.machine.closed for connection in gateway.hub.inbound) == 1
        )
        for peer in (small, large):
            await peer.close()


async def test_a_peer_that_takes_no_answers_is_cut(world: World) -> None:
    async with world.gateway(world.settings(DOMAIN, 1), world.pki.issue([DOMAIN]), PARTNER) as gateway:
        registry = gateway.hub.dialling.registry
        peer = await dial_authenticated(world.addresses[DOMAIN], gateway, world.pki)
        (connection,) = gateway.hub.inbound
        answers = 0
        while not connection.machine.closed and len(registry) and answers < 1000:
            # What a stream says by itself has no flow control of its own: acknowledgements, dialback verdicts.
            connection.stream._say(b" " * READ_STEP)  # noqa: SLF001
            connection.flush()
            assert registry.held <= MAX_UNSENT + 2 * READ_STEP
            answers += 1
            await asyncio.sleep(0)
        assert 0 < answers < 1000
        await peer.close()


async def test_a_partner_that_reads_slowly_fills_its_queue_and_then_its_senders_are_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound = 1024 * 1024
    monkeypatch.setattr(waiting, "MAX_QUEUED_BYTES", bound)
    contoso, fabrikam = world.settings(DOMAIN, 1), world.settings(PARTNER, 2)
    async with (
        world.gateway(contoso, world.pki.issue([DOMAIN]), PARTNER) as left,
        world.gateway(fabrikam, world.pki.issue([PARTNER]), DOMAIN) as right,
        connect_component(DOMAIN, SECRET, world.addresses[DOMAIN]) as alice,
        connect_component(PARTNER, SECRET, world.addresses[PARTNER]) as bob,
    ):
        await alice.message(ALICE, BOB, "first")
        assert await bob.receive_bodies(1) == ["first"]
        (slow,) = right.hub.inbound
        slow.pause_reading()
        (pair,) = left.hub.pairs.values()
        sent, body = 0, "x" * 50_000
        while left.metrics.refusals("outbound", "resource-constraint") == 0:
            assert sent < 2000
            await alice.message(ALICE, BOB, f"{sent}:{body}")
            sent += 1
            assert left.hub.dialling.totals.memory <= bound
            assert left.hub.dialling.registry.held <= 2 * WRITE_HIGH + READ_STEP + MAX_UNREAD
        assert "resource-constraint" in await alice.receive()
        await eventually(lambda: sum(counted(left.metrics, "queue_entered").values()) == sent + 1)
        slow.resume_reading()
        bounced = left.metrics.refusals("outbound", "resource-constraint")
        assert len(await bob.receive_bodies(sent - bounced)) == sent - bounced
        await eventually(lambda: pair.empty)
        assert left.hub.dialling.totals.memory == 0
