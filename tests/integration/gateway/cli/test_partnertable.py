"""The verb with a running gateway: which calls reach it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from gateway.policy.partner import Partner
from gateway.policy.partnerfile import partner_to_json
from tests.support.gatewaycli import gateway_cli
from tests.support.plane import PlaneRig, serving_plane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.processes import Result

FABRIKAM = partner_to_json(Partner(domain="fabrikam.example"))


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[PlaneRig]:
    async with serving_plane(tmp_path) as serving:
        serving.plane.table = [FABRIKAM]
        yield serving


async def partner(rig: PlaneRig, *arguments: str) -> Result:
    return await asyncio.to_thread(gateway_cli, "partner", *arguments, "--socket", str(rig.control))


async def test_reading_asks_the_gateway(rig: PlaneRig) -> None:
    assert "fabrikam.example" in (await partner(rig, "list")).stdout
    reading = await asyncio.to_thread(gateway_cli, "partner", "export", "--socket", str(rig.status))
    assert 'domain = "fabrikam.example"' in reading.stdout
    assert rig.plane.calls == []


async def test_a_change_reaches_it_whole_and_its_warnings_are_shown(rig: PlaneRig) -> None:
    result = await partner(rig, "set", "fabrikam.example", "--description", "F")
    assert result.code == 0, result.stderr
    assert rig.plane.calls == [("put_partner", {**FABRIKAM, "description": "F"})]
    assert "watch out" in result.stderr
    assert result.stdout.splitlines()[-1] == "live now"


async def test_a_dry_run_asks_it_to_change_nothing(rig: PlaneRig) -> None:
    await partner(rig, "add", "adatum.example", "--dry-run")
    await partner(rig, "remove", "fabrikam.example", "--dry-run")
    adatum = partner_to_json(Partner(domain="adatum.example"))
    assert rig.plane.calls == [("apply_partners", [FABRIKAM, adatum], True), ("apply_partners", [], True)]


async def test_removing_names_the_domain(rig: PlaneRig) -> None:
    await partner(rig, "remove", "fabrikam.example")
    assert rig.plane.calls == [("remove_partner", "fabrikam.example")]


def test_a_socket_that_was_named_is_not_replaced_by_the_database(tmp_path: Path) -> None:
    result = gateway_cli("partner", "list", "--socket", str(tmp_path / "absent"))
    assert result.code == 1
    assert "no gateway listens" in result.stderr
