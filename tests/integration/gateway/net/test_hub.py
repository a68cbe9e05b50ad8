from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.net.hublimits import HubLimits
from gateway.policy.access import Access
from tests.integration.gateway.conftest import SECRET
from tests.support.component import connect_component

if TYPE_CHECKING:
    from gateway.net.inbound import InboundConnection
    from tests.integration.gateway.conftest import World

ALICE, BOB = "alice@contoso.example", "bob@fabrikam.example"


async def test_a_stranger_has_few_connections_before_it_authenticates(world: World) -> None:
    async with world.gateway(world.settings("contoso.example", 1), None) as gateway:
        hub = gateway.hub
        hub.limits = HubLimits(unauthenticated_per_address=2, connection_limit=4)

        def dial(address: str) -> bool:
            connection: InboundConnection = hub.make_inbound(direct_tls=False)
            connection.peer_address, connection.local_address = address, "198.51.100.1"
            return hub.admit(connection)

        assert [dial("192.0.2.1") for _ in range(3)] == [True, True, False]
        assert dial("192.0.2.2")
        hub.inbound_lost(next(each for each in hub.inbound if each.peer_address == "192.0.2.1"))
        assert dial("192.0.2.1")
        assert dial("198.51.100.1")  # the host itself; then the limit of all is reached, and strangers make room
        assert dial("192.0.2.3")
        assert sorted(each.peer_address[-2:] for each in hub.inbound) == [".1", ".1", ".2", ".3"]
        assert all(dial("198.51.100.1") for _ in range(9))
        assert {each.peer_address[-2:] for each in hub.inbound} == {".1", ".2", ".3"}
        assert len(hub.inbound) == 4
        hub.inbound.clear()


async def test_a_partner_has_a_limited_number_of_streams(world: World) -> None:
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2)
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"])) as left,
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example") as right,
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await left.put_partner({"domain": "fabrikam.example", "type": "federated", "connection_limit": 1})
        await right.put_partner({"domain": "contoso.example", "type": "federated", "queue_persist": False})
        await bob.message(BOB, ALICE, "first")
        assert await alice.receive_bodies(1) == ["first"]
        (pair,) = right.hub.pairs.values()
        pair.connection = None  # as if forgotten: the stream stays, and the next stanza opens another one
        await bob.message(BOB, ALICE, "second")
        assert "remote-server-timeout" in await bob.receive()
        assert sum(connection.authenticated for connection in left.hub.inbound) >= 1


async def test_gated_users_are_refused_at_once(world: World) -> None:
    async with (
        world.gateway(world.settings("contoso.example", 1), None, "fabrikam.example") as gateway,
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
    ):
        gateway.hub.access = Access(users={ALICE: False})
        await alice.message(ALICE, BOB, "x")
        assert "forbidden" in await alice.receive()
