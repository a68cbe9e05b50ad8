"""A partner that is away for a while, and a gateway that is restarted meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.service import Gateway
from tests.integration.gateway.conftest import SECRET
from tests.support.component import connect_component
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import World

ALICE, BOB = "alice@contoso.example", "bob@fabrikam.example"


def metric(gateway: Gateway, name: str) -> float:
    lines = gateway.metrics.render().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"edgecert_gateway_{name}"))


async def test_messages_wait_for_a_partner_across_a_restart_and_arrive_once_in_order(world: World) -> None:
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2)
    certificate = world.pki.issue(["contoso.example"])
    async with (
        world.gateway(contoso, certificate, "fabrikam.example") as gateway,
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
    ):
        for number in range(3):
            await alice.message(ALICE, BOB, f"early-{number}")
        await alice.send(f"<iq from='{ALICE}' to='{BOB}' type='get' id='q'><query xmlns='urn:x'/></iq>")
        assert "remote-server-timeout" in await alice.receive()
        queues = (await gateway.queues())["queues"]
        assert isinstance(queues, list)
        assert queues[0]["stanzas"] == 3
        assert str(queues[0]["reason"]).startswith("connect-failed")
        assert metric(gateway, "queue_entered_total") == 4
        assert metric(gateway, "queue_settled_total") + metric(gateway, "queue_waiting") == 4
    async with (
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example"),
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        later = Gateway(contoso)
        async with (
            later.running(),
            connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        ):
            await alice.message(ALICE, BOB, "late")
            assert await bob.receive_bodies(4) == ["early-0", "early-1", "early-2", "late"]
            await eventually(lambda: metric(later, "queue_waiting") == 0)
            assert metric(later, "queue_settled_total") == metric(later, "queue_entered_total") == 4
            (pair,) = later.hub.pairs.values()
            await eventually(lambda: pair.empty)
            assert (await later.queues())["queues"] == []


async def test_a_removed_partner_gives_back_what_waited(world: World) -> None:
    world.settings("fabrikam.example", 2)
    async with (
        world.gateway(
            world.settings("contoso.example", 1), world.pki.issue(["contoso.example"]), "fabrikam.example"
        ) as gateway,
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
    ):
        await alice.message(ALICE, BOB, "x")
        await eventually(lambda: [pair.state for pair in gateway.hub.pairs.values()] == ["failed"])
        await gateway.remove_partner("fabrikam.example")
        assert "not-allowed" in await alice.receive()
        gateway.hub.keep_house()
        assert gateway.hub.pairs == {}
