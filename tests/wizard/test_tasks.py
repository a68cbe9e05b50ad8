"""The first page: what there is to do and what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.shared.errors import EdgecertError, ExitCode
from tests.support.waiting import eventually
from tests.support.wizard import wizard

if TYPE_CHECKING:
    from pathlib import Path


async def test_the_tasks_are_there_and_a_draft_comes_first(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.sees("(●) Create a new certificate request", "none yet")
        seen.app.drafts.save({"version": 1, "page": "names", "values": {}, "domains": []})
    async with wizard(tmp_path) as seen:
        await seen.sees("(●) Go on with the request that was begun")
        await seen.press("enter")
        await seen.sees("Subject names")


async def test_quit_is_a_task_and_escape_leaves_too(tmp_path: Path) -> None:
    for keys in (("up", "enter"), ("escape",)):
        async with wizard(tmp_path) as seen:
            await seen.sees("none yet")
            await seen.press(*keys)
            assert seen.app.return_value is ExitCode.OK


async def test_without_a_store_there_is_no_wizard(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no directory", encoding="utf-8")
    async with wizard(tmp_path) as seen:
        await eventually(lambda: seen.app.return_value is not None)
    assert isinstance(seen.app.return_value, EdgecertError)
