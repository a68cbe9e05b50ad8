from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import ControlError
from gateway.cli.status import days_left
from tests.support.gatewaycli import gateway_cli
from tests.support.plane import PlaneRig, serving_plane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[PlaneRig]:
    async with serving_plane(tmp_path) as serving:
        yield serving


async def status(rig: PlaneRig, *arguments: str) -> str:
    result = await asyncio.to_thread(gateway_cli, "status", "--socket", str(rig.status), *arguments)
    assert result.code == 0, result.stderr
    return result.stdout


async def test_a_gateway_that_does_not_tell_its_failures_is_shown_all_the_same(rig: PlaneRig) -> None:
    rig.plane.state = {"uptime_s": 61}
    rig.plane.no_failures = True
    result = await asyncio.to_thread(gateway_cli, "status", "--socket", str(rig.status), "--json")
    assert result.code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["result"]["failures"] == []
    assert [warning["code"] for warning in document["warnings"]] == ["no-such-call"]
    told = await asyncio.to_thread(gateway_cli, "status", "--socket", str(rig.status))
    assert "older release" in told.stderr
    rig.plane.no_failures = False
    assert (await asyncio.to_thread(gateway_cli, "status", "--socket", str(rig.status))).stderr == ""


async def test_shows_everything_that_there_is(rig: PlaneRig) -> None:
    rig.plane.state = {
        "uptime_s": 3725,
        "reasons": ["edge expires in 3 days"],
        "certificates": [
            {
                "name": "edge",
                "generation": 7,
                "serial": "ab12",
                "not_after": "2099-01-01T00:00:00Z",
                "domains": ["contoso.example"],
            }
        ],
        "staged": [{"name": "edge", "generation": 8, "effective_at": "2098-01-01T00:00:00Z"}],
        "listeners": [{"address": "0.0.0.0:5269", "protocol": "xmpp-s2s", "domains": ["contoso.example"]}],
        "homes": [{"domain": "contoso.example", "connected": False}],
        "streams": {"inbound": 2, "outbound": 1},
        "generations": [
            {"certificate": "edge", "generation": 6, "current": False, "streams": 1},
            {"certificate": "edge", "generation": 7, "current": True, "streams": 2},
        ],
        "partners": [{"domain": "fabrikam.example", "state": "failed", "reason": "dns: NXDOMAIN"}],
    }
    unknown = {"direction": "inbound", "domain": "", "address": "192.0.2.7", "step": "tls", "code": "tls-failed"}
    rig.plane.faults = [
        {**unknown, "text": "no cipher", "last": "2026-11-26T08:00:00Z", "count": 3},
        *({**unknown, "domain": f"d{number}.example"} for number in range(12)),
    ]
    text = await status(rig)
    lines = text.splitlines()
    failures = lines[next(number for number, line in enumerate(lines) if line.startswith("WENT WRONG")) + 1 :]
    assert " ".join(failures[0].split()) == "2026-11-26T08:00:00Z 3 inbound 192.0.2.7 tls tls-failed: no cipher"
    assert len(failures) == 10
    assert len(json.loads(await status(rig, "--json"))["result"]["failures"]) == 13
    assert lines[0] == "ready · up 1 h 2 min · 2 inbound and 1 outbound streams"
    assert lines[1] == "  ! edge expires in 3 days"
    for words in ("ab12", "generation 8 is staged", "0.0.0.0:5269", "dns: NXDOMAIN"):
        assert words in text
    assert "contoso.example  no" in text
    on = next(number for number, line in enumerate(lines) if line.startswith("STREAMS ON")) + 1
    assert [line.split() for line in lines[on : on + 2]] == [["edge", "6", "(old)", "1"], ["edge", "7", "2"]]


async def test_not_ready_is_said_in_words_and_is_no_error_of_the_call(rig: PlaneRig) -> None:
    rig.plane.is_ready = False
    assert (await status(rig)).startswith("NOT READY")


async def test_json_is_the_gateways_own_answer(rig: PlaneRig) -> None:
    rig.plane.state = {"from_the_future": 1}
    assert '"from_the_future": 1' in await status(rig, "--json")


async def test_a_refusal_has_the_gateways_code(rig: PlaneRig) -> None:
    rig.plane.fault = ControlError("no", code="some-code", hint="do this")
    result = await asyncio.to_thread(gateway_cli, "status", "--socket", str(rig.status))
    assert result.code == 1
    assert "[some-code]" in result.stderr
    assert "do this" in result.stderr


def test_days_are_floored_and_negative_when_past() -> None:
    now = datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert days_left("2026-11-03T11:00:00Z", now) == "1"
    assert days_left("2026-11-01T11:00:00Z", now) == "-1"
    assert days_left(None, now) == "–"
