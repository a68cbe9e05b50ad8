from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from edgecert.shared.control import SwapRequest
from gateway.service import Gateway
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
