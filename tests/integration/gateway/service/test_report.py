from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.service.report import describe_partners, describe_streams
from tests.integration.gateway.conftest import SECRET
from tests.support.component import connect_component
from tests.support.rawpeer import dial_authenticated

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import World


async def test_each_partner_has_a_state_and_a_failed_one_its_reason(world: World) -> None:
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2)
    partners = ("fabrikam.example", "absent.example", "silent.example")
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), *partners) as gateway,
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example"),
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await alice.message("alice@contoso.example", "bob@fabrikam.example", "x")
        await bob.receive()
        await alice.message("alice@contoso.example", "bob@absent.example", "x")
        await alice.receive()
        described = {str(item["domain"]): item for item in describe_partners(gateway.hub)}
        assert {domain: item["state"] for domain, item in described.items()} == {
            "fabrikam.example": "open",
            "absent.example": "failed",
            "silent.example": "idle",
        }
        assert str(described["absent.example"]["reason"]).startswith("dns-not-found: ")
        (stream,) = describe_streams(gateway.hub)
        assert stream["direction"] == "outbound"
        assert (stream["domain"], stream["home"]) == ("fabrikam.example", "contoso.example")
        assert (stream["method"], stream["proof"], stream["tls"]) == ("external", "pkix", "TLSv1.3")
        assert (stream["certificate"], stream["generation"], stream["current"]) == ("edge", 1, True)


async def test_a_partner_is_heard_of_by_its_pairs_and_not_by_a_streams_name(world: World) -> None:
    async with world.gateway(world.settings("contoso.example", 1), world.pki.issue(["contoso.example"])) as gateway:
        for domain in ("fabrikam.example", "groove.example"):
            await gateway.put_partner({"domain": domain, "type": "federated"})
        peer = await dial_authenticated(world.addresses["contoso.example"], gateway, world.pki)
        (connection,) = gateway.hub.inbound
        connection.partner = "groove.example"  # what its header said decides nothing
        states = {str(item["domain"]): item["state"] for item in describe_partners(gateway.hub)}
        assert states == {"fabrikam.example": "open", "groove.example": "idle"}
        await peer.close()
