"""What others wrote is drawn without what would steer the terminal."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console
from textual.geometry import Region
from textual.widgets import DataTable, Static
from typing_extensions import override

from edgecert.shared.tui.app import TerminalApp

if TYPE_CHECKING:
    import pytest
    from textual.app import ComposeResult
    from textual.strip import Strip
    from textual.widget import Widget

HOSTILE = "a\x1b[2Jb\x9b2J\u202ec"


class Showing(TerminalApp[str]):
    @override
    def compose(self) -> ComposeResult:
        yield Static(HOSTILE, markup=False)
        table: DataTable[str] = DataTable()
        table.add_column(HOSTILE)
        table.add_row(HOSTILE)
        yield table


async def test_no_escape_sequence_of_others_reaches_the_terminal() -> None:
    app = Showing()
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor")
        drawn = [line.render(console) for widget in (Static, DataTable) for line in lines_of(app, widget)]
    text = "".join(drawn)
    assert text.count("a[2Jb2Jc") == 3
    assert "\x1b[2J" not in text
    assert not {"\x9b", "\u202e"} & set(text)


async def test_where_the_locale_knows_letters_alone_nothing_else_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    app = Showing()
    async with app.run_test(size=(40, 10)) as pilot:
        app.query_one(Static).update("╭ ✓ sip.contoso.com … ╮")
        await pilot.pause()
        assert "+ + sip.contoso.com ~ +" in "".join(line.text for line in lines_of(app, Static))


def lines_of(app: TerminalApp[str], kind: type[Widget]) -> list[Strip]:
    widget = app.query_one(kind)
    return widget.render_lines(Region(0, 0, *widget.size))
