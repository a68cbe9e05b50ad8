"""The way to a domain, step by step."""

from __future__ import annotations

from edgecert.shared.errors import ControlError
from tests.support.panel import FakeDesk, panel


async def test_steps_are_shown_to_the_first_that_fails_and_again() -> None:
    async with panel(size=(120, 30)) as seen:
        await seen.sees("fabrikam.com")
        await seen.press("t", "enter")
        await seen.sees("Test of fabrikam.com", "✓ dns", "2 servers", "✗ tcp", "connection refused [connect-failed]")
        await seen.sees("check that their server runs", "It was not reached.")
        await seen.press("r")
        await seen.sees("It was not reached.")
        await seen.press("escape")
        await seen.sees("[1 Partners]")
    assert seen.desk.calls.count(("start_test", "fabrikam.com")) == 2


async def test_a_domain_that_is_no_partner_is_tried_too() -> None:
    async with panel(FakeDesk(table=[])) as seen:
        await seen.press("t")
        await seen.sees("Which domain?")
        await seen.type("litware.example")
        await seen.press("enter")
        await seen.sees("litware.example is no partner (yet).", "It was not reached.")


async def test_a_test_that_cannot_begin_says_why() -> None:
    refusals = {"start_test": ControlError("fabrikam.com cannot be tried now", hint="too many tests run")}
    async with panel(FakeDesk(refusals=refusals)) as seen:
        await seen.sees("fabrikam.com")
        await seen.press("t", "enter")
        await seen.sees("fabrikam.com cannot be tried now", "too many tests run")
