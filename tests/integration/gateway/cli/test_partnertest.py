from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from tests.support.gatewaycli import gateway_cli
from tests.support.plane import serving_plane

if TYPE_CHECKING:
    from pathlib import Path

    from edgecert.shared.jsonvalue import JsonObject


def step(name: str, outcome: str, text: str, code: str = "", hint: str = "") -> JsonObject:
    return {"step": name, "outcome": outcome, "text": text, "elapsed_ms": 1.5, "code": code, "hint": hint}


async def test_shows_each_step_and_what_to_do_about_the_one_that_failed(tmp_path: Path) -> None:
    async with serving_plane(tmp_path) as rig:
        arguments = ("partner", "test", "fabrikam.example", "--socket", str(rig.control))
        rig.plane.steps = [step("dns", "ok", "xmpp.fabrikam.example:5269"), step("tcp", "ok", "192.0.2.1:5269")]
        result = await asyncio.to_thread(gateway_cli, *arguments)
        assert result.code == 0
        lines = result.stdout.splitlines()
        assert [line.split()[:2] for line in lines[:2]] == [["dns", "ok"], ["tcp", "ok"]]
        assert lines[2] == "fabrikam.example can be reached"
        assert rig.plane.calls[0] == ("start_partner_test", "fabrikam.example", "")

        rig.plane.steps[1] = step("tcp", "failed", "port 5269: \x1b[2Jrefused", "connect-failed", "open the firewall")
        result = await asyncio.to_thread(gateway_cli, *arguments, "--home", "home.example")
        assert result.code == 1
        assert "[connect-failed]" in result.stderr
        assert "open the firewall" in result.stderr
        assert "\x1b" not in result.stdout
        document = json.loads((await asyncio.to_thread(gateway_cli, *arguments, "--json")).stdout)
        assert document["ok"] is False
        assert document["error"]["code"] == "connect-failed"
        assert document["result"]["steps"] == rig.plane.steps
        assert document["result"]["is_partner"] is False


async def test_a_walk_that_ended_without_a_word_reached_nobody(tmp_path: Path) -> None:
    async with serving_plane(tmp_path) as rig:
        result = await asyncio.to_thread(
            gateway_cli, "partner", "test", "fabrikam.example", "--socket", str(rig.control), "--json"
        )
        assert result.code == 1
        assert (result.document["ok"], result.document["error"]["code"]) == (False, "internal")
