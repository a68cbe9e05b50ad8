from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.control import SwapRequest
from gateway.service import Gateway
from gateway.settings import LimitOptions
from tests.integration.gateway.conftest import SECRET
from tests.support.clock import FakeClock
from tests.support.component import connect_component
from tests.support.pki import now
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import World

ALICE, BOB = "alice@contoso.example", "bob@fabrikam.example"


async def test_idle_streams_show_life_and_then_end_by_their_opener(world: World) -> None:
    clock = FakeClock(now())
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2)
    gateway = Gateway(contoso, clock=clock)
    async with (
        gateway.running(),
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example") as other,
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await gateway.swap(SwapRequest(world.pki.issue(["contoso.example"]).bundle()))
        await gateway.put_partner({"domain": "fabrikam.example", "type": "federated"})
        await alice.message(ALICE, BOB, "x")
        await bob.receive()
        (connection,) = gateway.hub.outbound
        clock.advance(timedelta(seconds=301))
        gateway.hub.keep_house()
        await eventually(lambda: connection.last_sent == clock.monotonic())
        assert not connection.machine.closed
        clock.advance(timedelta(seconds=300))
        gateway.hub.keep_house()
        await eventually(lambda: not gateway.hub.outbound and not other.hub.inbound)
        gateway.hub.keep_house()
        assert gateway.hub.pairs == {}


async def test_streams_that_were_silent_for_a_while_go_on_where_they_were(world: World) -> None:
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2)
    clock = FakeClock(now())
    gateway = Gateway(fabrikam, clock=clock)
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example"),
        gateway.running(),
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await gateway.swap(SwapRequest(world.pki.issue(["fabrikam.example"]).bundle()))
        await gateway.put_partner({"domain": "contoso.example", "type": "federated"})
        for text in ("before", "after", "later"):
            await alice.message(ALICE, BOB, text)
            assert await bob.receive_bodies(1) == [text]
            clock.advance(timedelta(seconds=30))
            gateway.hub.keep_house()
        assert len(gateway.hub.inbound) == 1


async def test_an_inbound_stream_is_left_to_its_opener_four_times_as_long(world: World) -> None:
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2)
    clock = FakeClock(now())
    gateway = Gateway(fabrikam, clock=clock)
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example") as other,
        gateway.running(),
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await gateway.swap(SwapRequest(world.pki.issue(["fabrikam.example"]).bundle()))
        await gateway.put_partner({"domain": "contoso.example", "type": "federated"})
        await alice.message(ALICE, BOB, "x")
        await bob.receive()
        (outbound,) = other.hub.outbound
        assert outbound.stream.peer_limits.idle_seconds == 2400
        (connection,) = gateway.hub.inbound
        clock.advance(timedelta(seconds=2399))
        gateway.hub.keep_house()
        assert not connection.machine.closed
        clock.advance(timedelta(seconds=2))
        gateway.hub.keep_house()
        await eventually(lambda: not gateway.hub.inbound)
        await eventually(lambda: not other.hub.outbound)


async def test_a_byte_now_and_then_gains_a_stranger_no_time(world: World) -> None:
    clock = FakeClock(now())
    gateway = Gateway(world.settings("contoso.example", 1), clock=clock)
    async with gateway.running():
        reader, writer = await asyncio.open_connection(world.addresses["contoso.example"], 5269)
        for byte in b"<?x":
            writer.write(bytes([byte]))
            await eventually(lambda: any(each.last_received == clock.monotonic() for each in gateway.hub.inbound))
            gateway.hub.keep_house()
            assert not reader.at_eof()
            clock.advance(timedelta(seconds=21))
        gateway.hub.keep_house()
        assert b"connection-timeout" in await reader.read()
        writer.close()


@pytest.mark.parametrize("keep_alive", [True, False])
async def test_life_is_shown_to_who_wants_it_before_the_partner_loses_patience(world: World, keep_alive: bool) -> None:
    clock = FakeClock(now())
    limits = LimitOptions(stream_inactivity_timeout=60)
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2, limits=limits)
    gateway = Gateway(contoso, clock=clock)
    async with (
        gateway.running(),
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example"),
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await gateway.swap(SwapRequest(world.pki.issue(["contoso.example"]).bundle()))
        await gateway.put_partner({"domain": "fabrikam.example", "type": "federated", "keep_alive": keep_alive})
        await alice.message(ALICE, BOB, "x")
        await bob.receive()
        (connection,) = gateway.hub.outbound
        assert connection.stream.peer_limits.idle_seconds == 240  # XEP-0478; of our own accord it would be 300
        begun = connection.last_sent
        clock.advance(timedelta(seconds=200))
        gateway.hub.keep_house()
        if keep_alive:
            await eventually(lambda: connection.last_sent == clock.monotonic())
        else:
            await asyncio.sleep(0)
            connection.flush()
            assert connection.last_sent == begun


async def test_a_partners_idle_stream_is_the_partners_to_close(world: World) -> None:
    clock = FakeClock(now())
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2)
    gateway = Gateway(fabrikam, clock=clock)
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example"),
        gateway.running(),
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await gateway.swap(SwapRequest(world.pki.issue(["fabrikam.example"]).bundle()))
        await gateway.put_partner({"domain": "contoso.example", "type": "federated"})
        await alice.message(ALICE, BOB, "x")
        await bob.receive()
        await bob.message(BOB, ALICE, "y")
        await alice.receive()
        (pair,) = gateway.hub.pairs.values()
        assert pair.connection is not None
        assert not pair.connection.is_ours  # it goes both ways, and the partner opened it
        clock.advance(timedelta(seconds=601))
        gateway.hub.keep_house()
        assert pair.connection is not None
        (connection,) = gateway.hub.inbound
        assert connection.stream.is_open


async def test_a_partner_that_hangs_costs_its_own_stream_alone(world: World) -> None:
    """Its silence ends in the very tick in which the next sign of life was due over the same stream."""
    clock = FakeClock(now())
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2)
    gateway = Gateway(fabrikam, clock=clock)
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example") as other,
        gateway.running(),
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await gateway.swap(SwapRequest(world.pki.issue(["fabrikam.example"]).bundle()))
        await gateway.put_partner({"domain": "contoso.example", "type": "federated"})
        await alice.message(ALICE, BOB, "x")
        await bob.receive()
        await bob.message(BOB, ALICE, "y")
        await alice.receive()
        (pair,) = gateway.hub.pairs.values()
        assert pair.connection is not None
        assert not pair.connection.is_ours
        (connection,) = gateway.hub.inbound
        (theirs,) = other.hub.outbound
        theirs.pause_reading()
        for _ in range(600):
            clock.advance(timedelta(seconds=5.002))
            gateway.hub.keep_house()
            await asyncio.sleep(0)
            if connection.closing:
                break
        assert connection.closing
        gateway.hub.keep_house()  # the next tick leaves it the time that a goodbye has
        assert not connection.machine.closed
        theirs.resume_reading()
        await eventually(lambda: connection not in gateway.hub.inbound)
