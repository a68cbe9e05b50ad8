from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.gateway.conftest import SECRET
from tests.support.component import connect_component

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import World


async def test_two_gateways_federate_two_components(world: World) -> None:
    contoso = world.settings("contoso.example", 1)
    fabrikam = world.settings("fabrikam.example", 2)
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example"),
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example"),
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        for number in range(20):
            await alice.message("alice@contoso.example", "bob@fabrikam.example", f"to-bob-{number}")
            await bob.message("bob@fabrikam.example", "alice@contoso.example", f"to-alice-{number}")
        assert await bob.receive_bodies(20) == [f"to-bob-{number}" for number in range(20)]
        assert await alice.receive_bodies(20) == [f"to-alice-{number}" for number in range(20)]
