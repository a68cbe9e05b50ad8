from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.support.gatewaycli import gateway_cli
from tests.support.plane import serving_plane

if TYPE_CHECKING:
    from pathlib import Path

    from edgecert.shared.jsonvalue import JsonObject, JsonValue


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


async def test_shows_all_pairs_of_a_stream_and_whether_it_goes_both_ways(tmp_path: Path) -> None:
    async with serving_plane(tmp_path) as rig:
        pairs: list[JsonValue] = [
            {"domain": "fabrikam.example", "home": "contoso.example", "method": "external", "proof": "pkix"},
            {"domain": "sales.fabrikam.example", "home": "contoso.example", "method": "tls-dialback", "proof": "dns"},
        ]
        both: JsonObject = {"direction": "outbound", "both_ways": True, "generation": 1, "age_s": 1}
        rig.plane.open_streams = [
            {"direction": "inbound", "generation": 1, "age_s": 1, **dict(pairs[0]), "pairs": pairs},  # type: ignore[arg-type]
            {**both, **dict(pairs[0])},  # type: ignore[arg-type]
        ]
        result = await asyncio.to_thread(gateway_cli, "streams", "--socket", str(rig.status))
    _header, first, second, third = (line.split() for line in result.stdout.splitlines())
    assert first[:5] == ["inbound", "fabrikam.example", "contoso.example", "external", "pkix"]
    assert second == ["also", "sales.fabrikam.example", "contoso.example", "tls-dialback", "dns"]
    assert third[:4] == ["outbound,", "both", "ways", "fabrikam.example"]
