from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import EdgecertError
from gateway.errors import PartnerRefusedError
from gateway.service import Gateway
from tests.integration.gateway.conftest import SECRET
from tests.support.component import connect_component

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import World


async def test_changes_are_live_at_once_and_survive(world: World) -> None:
    settings = world.settings("contoso.example", 1)
    async with world.gateway(settings, None) as gateway:
        added = await gateway.put_partner({"domain": "Fabrikam.Example", "type": "federated"})
        assert (added["domain"], added["created"]) == ("fabrikam.example", True)
        assert gateway.hub.partners.find("fabrikam.example") is not None
        assert (await gateway.put_partner({"domain": "fabrikam.example"}))["created"] is False
    async with world.gateway(settings, None) as gateway:
        assert gateway.hub.partners.find("fabrikam.example") is not None
        assert await gateway.remove_partner("fabrikam.example") == {"domain": "fabrikam.example", "removed": True}
        assert gateway.hub.partners.find("fabrikam.example") is None


async def test_apply_tells_the_difference_and_a_dry_run_changes_nothing(world: World) -> None:
    async with world.gateway(world.settings("contoso.example", 1), None, "old.example", "same.example") as gateway:
        wanted = [{"domain": "same.example", "type": "federated"}, {"domain": "new.example", "type": "federated"}]
        before = await gateway.partners()
        planned = await gateway.apply_partners(wanted, dry_run=True)
        assert (planned["added"], planned["changed"], planned["removed"]) == (["new.example"], [], ["old.example"])
        assert await gateway.partners() == before
        assert await gateway.apply_partners(wanted, dry_run=False) == planned
        assert gateway.hub.partners.find("old.example") is None


async def test_a_home_is_no_partner(world: World) -> None:
    async with world.gateway(world.settings("contoso.example", 1), None) as gateway:
        with pytest.raises(EdgecertError, match=r"contoso\.example"):
            await gateway.put_partner({"domain": "contoso.example"})
        for domain, more in (("contoso.example", []), ("fabrikam.example", ["contoso.example"])):
            for dry_run in (True, False):
                with pytest.raises(PartnerRefusedError) as caught:
                    await gateway.apply_partners(
                        [{"domain": domain, "additional_domains": more}],
                        dry_run=dry_run,
                    )
                assert caught.value.code == "home-partner-clash"
        assert len(gateway.hub.partners) == 0


async def test_a_partner_that_became_a_home_keeps_the_gateway_from_starting_and_reloading(world: World) -> None:
    settings = world.settings("contoso.example", 1)
    clashing = replace(settings, home=(*settings.home, replace(settings.home[0], domain="Fabrikam.example")))
    current = [settings]
    gateway = Gateway(settings, reread=lambda: current[-1])
    async with gateway.running():
        await gateway.put_partner({"domain": "other.example", "additional_domains": ["fabrikam.example"]})
        current.append(clashing)
        with pytest.raises(PartnerRefusedError, match=r"fabrikam\.example is a home domain"):
            await gateway.reload()
    with pytest.raises(PartnerRefusedError, match=r"fabrikam\.example is a home domain"):
        async with Gateway(clashing).running():
            pass


async def test_a_changed_type_decides_about_the_next_stanza(world: World) -> None:
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2)
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example") as left,
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example"),
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await bob.message("bob@fabrikam.example", "alice@contoso.example", "one")
        assert await alice.receive_bodies(1) == ["one"]
        await left.put_partner({"domain": "fabrikam.example", "type": "public-unverified", "dialback": False})
        await bob.message("bob@fabrikam.example", "alice@contoso.example", "two")
        assert "service-unavailable" in await bob.receive()
        await left.add_contact("alice@contoso.example", "bob@fabrikam.example", dry_run=False)
        await bob.message("bob@fabrikam.example", "alice@contoso.example", "three")
        assert await alice.receive_bodies(1) == ["three"]
        # The stream that was there all the time carried all of it.
        assert sum(connection.authenticated for connection in left.hub.inbound) == 1
