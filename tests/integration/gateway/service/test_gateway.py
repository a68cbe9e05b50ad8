from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import EdgecertError
from gateway.service import Gateway
from gateway.settings import AccessOptions, GatewaySettings, LimitOptions, ListenOptions, TrustOptions

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import World

DOMAIN = "contoso.example"


async def test_a_reload_takes_limits_trust_and_access_and_names_what_it_cannot(world: World) -> None:
    settings = world.settings(DOMAIN, 1)
    changed = replace(
        settings,
        limits=LimitOptions(connection_limit=7),
        access=AccessOptions(allow_xmpp=False),
        listen=ListenOptions(s2s=("127.0.0.1:5999",)),
    )
    current: list[GatewaySettings] = [changed]
    gateway = Gateway(settings, reread=lambda: current[-1])
    async with gateway.running():
        answer = await gateway.reload()
        assert answer == {"reloaded": True, "notes": ["listen has changed, which takes effect at the next start"]}
        assert gateway.hub.limits.connection_limit == 7
        assert not gateway.hub.access.allow_xmpp
        contexts = gateway.certificates.slot.current
        current.append(replace(changed, limits=LimitOptions(), trust=TrustOptions(ca_file="/nowhere/ca.pem")))
        with pytest.raises(EdgecertError) as caught:
            await gateway.reload()
        assert caught.value.code == "trust-unreadable"
        assert gateway.hub.limits.connection_limit == 7
        assert gateway.certificates.slot.current is contexts


async def test_the_status_has_what_outsiders_rely_on(world: World) -> None:
    async with world.gateway(world.settings(DOMAIN, 1, direct=True), world.pki.issue([DOMAIN])) as gateway:
        status = await gateway.status()
        assert status["ready"] is True
        assert status["reasons"] == []
        assert status["listeners"] == [
            {"address": f"{world.net}1:5269", "protocol": "xmpp-s2s", "domains": [DOMAIN]},
            {"address": f"{world.net}1:5270", "protocol": "xmpps-s2s", "domains": [DOMAIN]},
        ]
        assert isinstance(status["certificates"], list)
        certificate = status["certificates"][0]
        assert {"name", "generation", "serial", "not_after", "domains"} <= certificate.keys()
        assert certificate["domains"] == [DOMAIN]
        assert status["streams"] == {"inbound": 0, "outbound": 0}
        assert status["homes"] == [{"domain": DOMAIN, "connected": False}]


async def test_an_address_in_use_stops_the_start_and_leaves_nothing_behind(world: World) -> None:
    settings = world.settings(DOMAIN, 1)
    async with world.gateway(settings, None):
        other = replace(settings, gateway=replace(settings.gateway, state_dir=str(world.directory / "other")))
        with pytest.raises(EdgecertError) as caught:
            async with Gateway(other).running():
                pytest.fail("it runs")
        assert caught.value.code == "address-in-use"
    async with Gateway(other).running():
        pass
