from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.support.gatewaycli import gateway_cli
from tests.support.plane import serving_plane

if TYPE_CHECKING:
    from pathlib import Path

    from edgecert.shared.jsonvalue import JsonObject


async def test_lists_streams_and_marks_those_of_an_old_generation(tmp_path: Path) -> None:
    async with serving_plane(tmp_path) as rig:
        arguments = ("streams", "--socket", str(rig.status))
        empty = await asyncio.to_thread(gateway_cli, *arguments)
        assert empty.stdout == "no stream is open\n"
        common: JsonObject = {"direction": "inbound", "domain": "fabrikam.example", "proof": "pkix", "age_s": 60}
        rig.plane.open_streams = [
            {**common, "generation": 6, "current": False},
            {**common, "generation": 7, "current": True},
        ]
        lines = (await asyncio.to_thread(gateway_cli, *arguments)).stdout.splitlines()
    assert lines[0].split() == ["DIRECTION", "DOMAIN", "PROOF", "GENERATION", "AGE"]
    assert "6 (old)" in lines[1]
    assert "old" not in lines[2]
    assert "1 min" in lines[2]
