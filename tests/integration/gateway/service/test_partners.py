from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import EdgecertError

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
        assert len(gateway.hub.partners) == 0
