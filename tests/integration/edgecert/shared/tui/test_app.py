"""The frame: themes are kept, keys are held, jobs report or are left behind."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from textual import events
from textual.screen import Screen
from textual.widgets import Static
from textual.widgets._toast import Toast
from typing_extensions import override

from edgecert.shared.errors import EdgecertError
from edgecert.shared.tui.app import TerminalApp
from edgecert.shared.tui.fields import OrderedInput
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import ComposeResult


class Small(TerminalApp[str]):
    @override
    def compose(self) -> ComposeResult:
        yield Static("one")
        yield OrderedInput(id="text")


async def test_what_is_told_is_never_markup() -> None:
    app = Small()
    hostile = "the CA says: [/bold] [@click=app.leave]press here[/] [link=https://x.example]"
    async with app.run_test(size=(100, 20), notifications=True) as pilot:
        app.screen.notify(hostile)
        await eventually(lambda: list(app.screen.query(Toast)))
        await pilot.pause()
        assert str(app.screen.query_one(Toast).render()) == hostile


async def test_a_theme_that_was_chosen_is_there_again(tmp_path: Path) -> None:
    file = tmp_path / "below" / "theme"
    app = Small(theme_file=file)
    async with app.run_test() as pilot:
        app.theme = "ansi-dark"
        await pilot.pause()
        await eventually(file.exists)
    again = Small(theme_file=file)
    async with again.run_test() as pilot:
        await pilot.pause()
        assert again.theme == "ansi-dark"
    told = Small(theme="nord", theme_file=file)
    async with told.run_test() as pilot:
        await pilot.pause()
        assert told.theme == "nord"


async def test_a_theme_that_cannot_be_kept_or_is_unknown_harms_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    app = Small(theme="no such", theme_file=tmp_path / "file" / "theme")
    async with app.run_test() as pilot:
        app.theme = "nord"
        await pilot.pause()
        assert app.theme == "nord"


class Second(Screen[None]):
    @override
    def compose(self) -> ComposeResult:
        yield OrderedInput(id="second")

    def on_mount(self) -> None:
        app = self.app
        assert isinstance(app, Small)
        app.screen_is_there()


class Leading(Small):
    def on_entered(self) -> None:
        self.open_screen(Second())


async def test_what_is_typed_behind_enter_reaches_the_screen_that_follows() -> None:
    app = Leading()
    async with app.run_test() as pilot:
        first = app.query_one("#text", OrderedInput)
        first.focus()
        await pilot.pause()
        for key in ("x", "enter", "a", "b", "backspace", "c"):
            app.simulate_key(key)
        await eventually(lambda: bool(app.screen.query("#second")))
        second = app.screen.query_one("#second", OrderedInput)
        await eventually(lambda: second.value == "ac")
        assert first.value == "x"


class Two(TerminalApp[None]):
    @override
    def compose(self) -> ComposeResult:
        yield OrderedInput(id="one")
        yield OrderedInput(id="two")


async def test_what_is_typed_behind_tab_is_in_the_next_field() -> None:
    app = Two()
    async with app.run_test() as pilot:
        one, two = (app.query_one(f"#{name}", OrderedInput) for name in ("one", "two"))
        one.focus()
        await pilot.pause()
        for key in ("a", "tab", "b", "shift+tab", "c"):
            app.simulate_key(key)
        await eventually(lambda: (one.value, two.value) == ("ac", "b"))


async def test_what_is_typed_behind_an_enter_that_leads_nowhere_goes_on() -> None:
    app = Small()
    async with app.run_test() as pilot:
        field = app.query_one("#text", OrderedInput)
        field.focus()
        await pilot.pause()
        for key in ("a", "enter", "b", "escape", "c"):
            app.simulate_key(key)
        await eventually(lambda: field.value == "abc")


async def test_a_job_gives_its_value_or_its_error() -> None:
    app = Small()
    came: list[object] = []

    def refuse() -> str:
        raise EdgecertError("no", code="x")

    def missing() -> str:
        raise FileNotFoundError(2, "No such file", "f")

    async with app.run_test():
        app.run_aside(lambda: "yes", came.append, came.append, name="good")
        await eventually(lambda: came == ["yes"])
        app.run_aside(refuse, came.append, lambda error: came.append(error.code), name="bad")
        await eventually(lambda: came[-1] == "x")
        app.run_aside(missing, came.append, lambda error: came.append(error.message), name="worse")
        await eventually(lambda: "No such file" in str(came[-1]))


async def test_who_leaves_does_not_wait_for_a_job() -> None:
    app, going = Small(), threading.Event()
    came: list[object] = []
    async with app.run_test() as pilot:
        app.run_aside(lambda: going.wait(30), came.append, came.append, name="slow")
        await pilot.press("ctrl+c")
    assert not app.is_running
    going.set()
    assert came == []


async def test_what_is_pasted_behind_tab_is_in_the_next_field() -> None:
    app = Two()
    async with app.run_test() as pilot:
        one, two = (app.query_one(f"#{name}", OrderedInput) for name in ("one", "two"))
        one.focus()
        await pilot.pause()
        app.simulate_key("a")
        app.simulate_key("tab")
        app.post_message(events.Paste("pasted"))
        app.simulate_key("b")
        await eventually(lambda: (one.value, two.value) == ("a", "pastedb"))
