"""What every page has: where one is, the keys, help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.wizard import wizard

if TYPE_CHECKING:
    from pathlib import Path


async def test_each_page_says_where_one_is_and_which_keys_there_are(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        assert "too small" not in seen.text
        await seen.sees("Available tasks", "Help")
        await seen.press("f1")
        await seen.sees("Enter   go on", "Ctrl+C  leave")
        await seen.press("enter")
        await seen.new_request()
        await seen.sees("▸ Request", "· Names", "Undo", "Advanced")
