"""The frame: looks that never block, a gateway that goes and comes, leaving, the palette."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from edgecert.shared.errors import ControlError, ExitCode
from gateway.panel.session import TITLES
from tests.support.panel import STATUS, FakeDesk, panel

if TYPE_CHECKING:
    from gateway.panel.views import State


async def test_a_look_is_shown_and_another_replaces_it() -> None:
    async with panel() as seen:
        await seen.sees("✓ contoso.com: ready", "fabrikam.com", "northwind.example")
        seen.desk.status = {**STATUS, "reasons": ["warning: no certificate covers sales.contoso.com"]}
        seen.app.look()
        await seen.sees("! contoso.com: ready", "no certificate covers sales.contoso.com")


async def test_a_slow_gateway_does_not_hold_the_keys() -> None:
    desk = FakeDesk()
    desk.may_answer.clear()
    async with panel(desk) as seen:
        await seen.sees("looking")
        await seen.press("6")
        await seen.sees("[6 Load]")
        seen.app.look()  # the first one is still under way: no second is made
        await seen.press("1")
        await seen.sees("[1 Partners]", "Asking the gateway")
        desk.may_answer.set()
        await seen.sees("fabrikam.com")


async def test_a_gateway_that_hangs_is_not_called_ready() -> None:
    async with panel() as seen:
        await seen.sees("✓ contoso.com: ready")
        seen.desk.may_answer.clear()
        seen.app.look()
        seen.clock.advance(timedelta(seconds=5))
        seen.app.look()
        await seen.sees("… contoso.com: no answer for 5 s", "fabrikam.com")
        seen.desk.may_answer.set()
        await seen.sees("✓ contoso.com: ready")


async def test_a_gateway_that_goes_is_told_and_comes_back_by_itself() -> None:
    async with panel() as seen:
        await seen.sees("fabrikam.com")
        seen.desk.fault = ControlError("no gateway listens at x", hint="start edgecert-gateway")
        seen.app.look()
        await seen.sees("✗ contoso.com: no gateway listens at x", "start edgecert-gateway", "fabrikam.com")
        seen.desk.fault = None
        seen.app.look()
        await seen.sees("✓ contoso.com: ready")


async def test_q_leaves() -> None:
    async with panel() as seen:
        await seen.press("q")
    assert seen.app.return_value is ExitCode.OK


async def test_the_palette_has_the_pages_and_what_can_be_done_here() -> None:
    async with panel() as seen:
        await seen.sees("fabrikam.com")
        commands = {command.title: command for command in seen.app.get_system_commands(seen.app.screen)}
        assert set(TITLES.values()) <= set(commands)
        assert {"New", "Edit", "Remove", "Test"} <= set(commands)
        commands["Certificates"].callback()
        await seen.sees("[4 Certificates]")


def sign(state: State) -> str:
    from gateway.panel.app import PanelApp
    from tests.support.clock import FakeClock

    return PanelApp(FakeDesk(), FakeClock()).mark(state)


def test_each_state_has_a_sign_of_its_own() -> None:
    states: tuple[State, ...] = ("good", "warning", "bad", "busy", "idle")
    assert len({sign(state) for state in states}) == len(states)
