from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.support.gatewaycli import gateway_cli
from tests.support.plane import serving_plane

if TYPE_CHECKING:
    from pathlib import Path


async def test_reload_says_what_the_gateway_noted(tmp_path: Path) -> None:
    async with serving_plane(tmp_path) as rig:
        result = await asyncio.to_thread(gateway_cli, "reload", "--socket", str(rig.control))
        assert rig.plane.calls == [("reload",)]
    assert result.stdout == "reloaded\n  certificates have changed\n"


async def test_the_status_socket_is_not_enough(tmp_path: Path) -> None:
    async with serving_plane(tmp_path) as rig:
        result = await asyncio.to_thread(gateway_cli, "reload", "--socket", str(rig.status))
        assert rig.plane.calls == []
    assert result.code == 1
    assert "control socket" in result.stderr
