"""The grid of domains: keys, clicks, and a window over many rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App
from typing_extensions import override

from edgecert.wizard.answers import DomainRow
from edgecert.wizard.screens.domaingrid import DomainGrid

if TYPE_CHECKING:
    from textual.app import ComposeResult


class Grid(App[None]):
    def __init__(self, count: int) -> None:
        super().__init__()
        self.rows = [DomainRow(f"d{number}.example") for number in range(count)]
        self.acts: list[tuple[str, int]] = []

    @override
    def compose(self) -> ComposeResult:
        yield DomainGrid(self.rows, id="grid")

    def on_domain_grid_act(self, event: DomainGrid.Act) -> None:
        self.acts.append((event.what, event.row))


async def test_keys_act_on_the_cell_at_the_cursor() -> None:
    app = Grid(3)
    async with app.run_test() as pilot:
        app.query_one("#grid").focus()
        await pilot.press("space", "down", "right", "space", "e", "up", "up", "delete")
        assert app.acts == [("sip", 0), ("xmpp", 1), ("edit", 1), ("remove", 0)]


async def test_a_click_on_a_box_ticks_it() -> None:
    app = Grid(3)
    async with app.run_test() as pilot:
        await pilot.click("#grid", offset=(41, 2))
        await pilot.click("#grid", offset=(49, 3))
        await pilot.click("#grid", offset=(2, 1))
        await pilot.click("#grid", offset=(2, 0))
        assert app.acts == [("sip", 1), ("xmpp", 2)]


async def test_many_rows_are_seen_through_a_window() -> None:
    app = Grid(9)
    async with app.run_test() as pilot:
        grid = app.query_one("#grid", DomainGrid)
        grid.focus()
        await pilot.press(*["down"] * 8)
        text = str(grid.render())
        assert "d8.example" in text
        assert "d0.example" not in text
        assert "(9)" in text
        grid.show(app.rows[:2])
        assert grid.row == 1
        grid.show([])
        assert "none yet" in str(grid.render())
        await pilot.press("space", "down")
        assert app.acts == []
