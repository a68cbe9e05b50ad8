from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.support.gatewaycli import gateway_cli
from tests.support.plane import serving_plane

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("arguments", "call", "says"),
    [
        (("--generation", "3"), ("swap_held", "edge", 3, "keep"), "generation 3 (serial ab) is in service after 3 ms"),
        (("--previous", "--close-old-streams", "now"), ("swap_held", "edge", None, "now"), "generation 1 "),
        (("--cancel-staged",), ("cancel_staged", "edge"), "withdrawn"),
    ],
)
async def test_asks_for_what_was_said(
    tmp_path: Path, arguments: tuple[str, ...], call: tuple[object, ...], says: str
) -> None:
    async with serving_plane(tmp_path) as rig:
        result = await asyncio.to_thread(gateway_cli, "swap", "edge", "--socket", str(rig.control), *arguments)
        assert rig.plane.calls == [call]
    assert result.code == 0
    assert says in result.stdout


@pytest.mark.parametrize("arguments", [(), ("--generation", "3", "--previous"), ("--generation", "x")])
def test_one_of_the_three_has_to_be_said(arguments: tuple[str, ...]) -> None:
    assert gateway_cli("swap", "edge", "--socket", "/does/not/exist", *arguments).code == 2


async def test_what_was_staged_and_is_withdrawn_by_it_is_told(tmp_path: Path) -> None:
    async with serving_plane(tmp_path) as rig:
        rig.plane.withdrawn = {"generation": 4, "effective_at": "2027-01-02T03:04:05Z"}
        result = await asyncio.to_thread(gateway_cli, "swap", "edge", "--previous", "--socket", str(rig.control))
    assert result.code == 0
    assert "generation 4 of edge, which was staged for 2027-01-02T03:04:05Z, is withdrawn" in result.stderr
    assert "[staged-cancelled]" in result.stderr
