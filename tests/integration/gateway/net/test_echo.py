from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.shared.secret import Secret
from gateway.net.echo import Echo
from tests.integration.gateway.conftest import SECRET
from tests.support.component import connect_component
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import World


async def test_answers_messages_and_comes_back_after_a_restart_of_the_gateway(world: World) -> None:
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2)
    issued = world.pki.issue(["fabrikam.example"])
    echo = Echo("fabrikam.example", Secret(SECRET.encode()), world.addresses["fabrikam.example"], 5347)
    echo.start()
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example") as gateway,
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
    ):
        for number in range(2):
            async with world.gateway(fabrikam, issued, "contoso.example") as other:
                await eventually(lambda other=other: other.hub.components)  # type: ignore[misc]  # bound at once
                for pair in gateway.hub.pairs.values():
                    pair.clear_back_off()
                await alice.message("alice@contoso.example", "anyone@fabrikam.example", f"m{number}")
                assert await alice.receive_bodies(1) == [f"m{number}"]
        assert echo.answered == 2
    echo.ending = True
    await echo.disconnect()
    echo.cancel_connection_attempt()
