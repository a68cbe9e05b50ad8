"""Fields keep the order of keys, show their state in letters, and tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App
from typing_extensions import override

from edgecert.shared.tui.fields import Choice, Entered, OrderedInput, Press, Tick
from edgecert.shared.tui.marks import ASCII

if TYPE_CHECKING:
    from textual.app import ComposeResult


class Form(App[None]):
    """One of each."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    @override
    def compose(self) -> ComposeResult:
        yield OrderedInput("", id="text")
        yield Choice([("a", "one"), ("b", "two"), ("c", "three")], "b", marks=ASCII, id="choice")
        yield Choice([("x", "left"), ("y", "right")], flat=True, id="flat")
        yield Tick("agree", marks=ASCII, id="tick")
        yield Press("Do it", id="press")

    def on_entered(self) -> None:
        self.told.append("entered")

    def on_choice_changed(self, event: Choice.Changed) -> None:
        self.told.append(event.choice.value)

    def on_tick_changed(self, event: Tick.Changed) -> None:
        self.told.append(str(event.tick.value))

    def on_press_pressed(self, event: Press.Pressed) -> None:
        self.told.append(event.press.text)


async def test_fast_typing_keeps_its_order() -> None:
    app = Form()
    async with app.run_test() as pilot:
        field = app.query_one("#text", OrderedInput)
        field.focus()
        await pilot.pause()
        for name, character in [("a", "a"), ("b", "b"), ("c", "c")]:
            app.simulate_key(name)
            assert character
        for name in ("backspace", "backspace", "x", "y", "z", "home", "right", "1", "end", "2", "left", "delete"):
            app.simulate_key(name)
        await pilot.pause()
        await pilot.pause()
        assert field.value == "a1xyz"


async def test_enter_in_any_field_goes_on() -> None:
    app = Form()
    async with app.run_test() as pilot:
        for name in ("text", "choice", "flat", "tick"):
            app.query_one(f"#{name}").focus()
            await pilot.press("enter")
        assert app.told == ["entered"] * 4


async def test_arrows_and_clicks_choose() -> None:
    app = Form()
    async with app.run_test() as pilot:
        choice = app.query_one("#choice", Choice)
        assert "( ) one\n(*) two\n( ) three" in str(choice.render())
        choice.focus()
        await pilot.press("down", "down")
        assert choice.value == "a"
        await pilot.click("#choice", offset=(2, 2))
        assert choice.value == "c"
        await pilot.click("#flat", offset=(14, 0))
        assert app.query_one("#flat", Choice).value == "y"
        await pilot.click("#choice", offset=(2, 2))
        assert app.told == ["c", "a", "c", "y"]
        choice.choose("b")
        assert choice.value == "b"
        choice.choose("unknown")
        assert choice.value == "b"


async def test_a_tick_says_its_state_in_letters() -> None:
    app = Form()
    async with app.run_test() as pilot:
        tick = app.query_one("#tick", Tick)
        assert str(tick.render()) == "[ ] agree"
        tick.focus()
        await pilot.press("space")
        assert str(tick.render()) == "[x] agree"
        await pilot.click("#tick")
        assert app.told == ["True", "False"]


async def test_focus_is_seen_without_colour() -> None:
    app = Form()
    async with app.run_test() as pilot:
        press = app.query_one("#press", Press)
        assert str(press.render()) == "[Do it]"
        press.focus()
        await pilot.pause()
        assert str(press.render()) == "▸Do it◂"
        await pilot.press("enter", "space")
        await pilot.click("#press")
        assert app.told == ["Do it"] * 3


def test_entered_is_a_message() -> None:
    assert Entered.handler_name == "on_entered"
