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
