from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import EdgecertError

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import World

HOME, DOMAIN = "contoso.example", "fabrikam.example"


async def test_refuses_what_cannot_be_tested(world: World) -> None:
    async with world.gateway(world.settings(HOME, 1), None) as gateway:
        for domain, home, code in (
            (HOME, "", "home-partner-clash"),
            (DOMAIN, "litware.example", "no-such-home"),
            ("a b", "", "jid-malformed"),
        ):
            with pytest.raises(EdgecertError) as caught:
                await gateway.start_partner_test(domain, home)
            assert caught.value.code == code
        with pytest.raises(EdgecertError) as caught:
            await gateway.partner_test("nothing", 0)
        assert caught.value.code == "no-such-test"
        world.zone.silent.add(f"_xmpp-server._tcp.{DOMAIN}")
        world.zone.silent.add(f"_xmpps-server._tcp.{DOMAIN}")
        for _ in range(4):
            await gateway.start_partner_test(DOMAIN, "")
        with pytest.raises(EdgecertError) as caught:
            await gateway.start_partner_test(DOMAIN, "")
        assert caught.value.code == "too-many-tests"
