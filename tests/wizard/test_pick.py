"""One certificate of several is picked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.wizard.screens.pick import PickScreen
from edgecert.wizard.views import Held
from tests.support.wizard import wizard

if TYPE_CHECKING:
    from pathlib import Path


async def test_the_one_at_the_cursor_is_given(tmp_path: Path) -> None:
    came: list[str] = []
    held = [Held(name, None, "nowhere", "", (), has_targets=False) for name in ("a", "b")]
    async with wizard(tmp_path) as seen:
        await seen.sees("none yet")
        seen.app.open_screen(PickScreen("View", "Which?", held, came.append))
        await seen.sees("(●) a: no certificate yet")
        await seen.press("down", "enter")
    assert came == ["b"]
