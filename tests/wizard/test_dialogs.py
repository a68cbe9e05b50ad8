"""Small windows give an answer, or nothing when they are closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.shared.tui.dialogs import AskDialog, PromptDialog, TextDialog
from tests.support.wizard import wizard

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_line_is_typed_or_not(tmp_path: Path) -> None:
    came: list[str | None] = []
    async with wizard(tmp_path) as seen:
        await seen.sees("none yet")
        for keys in (("x", "enter"), ("escape",)):
            seen.app.open_screen(PromptDialog("Save", "File:", "e"), came.append)
            await seen.sees("File:")
            await seen.press(*keys)
        for press in ("#yes", "#no"):
            seen.app.open_screen(PromptDialog("Save", "File:", "e"), came.append)
            await seen.sees("File:")
            await seen.pilot.click(press)
            await seen.pilot.pause()
    assert came == ["ex", None, "e", None]


async def test_a_question_is_answered_by_enter_with_its_first_answer(tmp_path: Path) -> None:
    came: list[str | None] = []
    async with wizard(tmp_path) as seen:
        await seen.sees("none yet")
        seen.app.open_screen(AskDialog("Sure?", "Really?", [("no", "No"), ("yes", "Yes")]), came.append)
        await seen.sees("▸No◂")
        await seen.press("enter")
        seen.app.open_screen(AskDialog("Sure?", "Really?", [("no", "No"), ("yes", "Yes")]), came.append)
        await seen.sees("▸No◂")
        await seen.press("tab", "enter")
    assert came == ["no", "yes"]


async def test_a_text_is_copied(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.sees("none yet")
        seen.app.open_screen(TextDialog("CSR", "the text"))
        await seen.sees("the text")
        await seen.pilot.click("#copy")
        await seen.pilot.pause()
        assert seen.app.clipboard == "the text"
