from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.service.standalone import walk_alone

if TYPE_CHECKING:
    from edgecert.shared.jsonvalue import JsonObject
    from tests.integration.gateway.conftest import World

HOME, DOMAIN = "contoso.example", "fabrikam.example"


def known(*, is_partner: bool, reached: bool) -> JsonObject:
    return {"domain": DOMAIN, "home": HOME, "is_partner": is_partner, "reached": reached}


async def test_without_a_gateway_it_goes_as_far_as_the_proofs_with_what_is_on_disk(world: World) -> None:
    contoso, fabrikam = world.settings(HOME, 1), world.settings(DOMAIN, 2)
    async with world.gateway(contoso, world.pki.issue([HOME]), DOMAIN):
        pass  # it has been there: certificate and partner are on disk
    steps: list[JsonObject] = []
    async with world.gateway(fabrikam, world.pki.issue([DOMAIN]), HOME):
        assert await walk_alone(contoso, os.environ, DOMAIN, "", steps.append) == known(is_partner=True, reached=True)
    assert [f"{step['step']} {step['outcome']}" for step in steps] == [
        "dns ok",
        "tcp ok",
        "tls ok",
        "identity ok",
        "authentication ok",
        "ping skipped",
    ]


async def test_without_a_certificate_it_stops_at_tls_and_says_why(world: World) -> None:
    contoso, fabrikam = world.settings(HOME, 1), world.settings(DOMAIN, 2)
    steps: list[JsonObject] = []
    async with world.gateway(fabrikam, world.pki.issue([DOMAIN]), HOME):
        found = await walk_alone(contoso, os.environ, DOMAIN, HOME, steps.append)
    assert found == known(is_partner=False, reached=False)
    assert list(Path(contoso.gateway.state_dir).parent.rglob("*")) == [Path(contoso.home[0].secret_file)]
    assert (steps[-1]["step"], steps[-1]["code"]) == ("tls", "no-certificate")
    assert "deploy" in str(steps[-1]["hint"])
