"""What the keys do with the row one is at: each asks, says what it means, and does it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from edgecert.shared.errors import ControlError
from gateway.panel.screens.deeds import DEEDS
from gateway.panel.screens.main import ACTIONS
from tests.support.panel import STATUS, FakeDesk, panel

if TYPE_CHECKING:
    from edgecert.shared.jsonvalue import JsonObject

ROOMY = (160, 40)  # what is told of a deed stands on one line


def test_each_key_of_a_page_does_something() -> None:
    assert set(DEEDS) == {(page, name) for page, actions in ACTIONS.items() for name, _key, _text in actions}


async def test_a_partner_is_removed_only_after_a_question() -> None:
    async with panel(size=ROOMY) as seen:
        await seen.sees("▸ ✓ fabrikam.com")
        await seen.press("d")
        await seen.sees("Remove the partner fabrikam.com?", "▸Keep it◂")
        await seen.press("enter")
        await seen.press("d", "tab", "enter")
        await seen.sees("fabrikam.com is no partner any more")
    assert seen.desk.calls == [("remove_partner", "fabrikam.com")]


async def test_a_generation_that_is_held_goes_into_service() -> None:
    async with panel(size=ROOMY) as seen:
        await seen.sees("fabrikam.com")
        await seen.press("4", "w")
        await seen.sees("Which generation of edge-external? 7 is in service.", "▸6◂")
        await seen.press("tab", "enter")
        await seen.sees("What becomes of open streams?", "▸Keep open streams◂")
        await seen.press("tab", "enter")
        await seen.sees("generation 5 is in service")
        await seen.press("b")
        await seen.sees("What becomes of open streams?")
        await seen.press("enter")
        await seen.sees("generation 6 is in service")
    assert seen.desk.calls == [("swap", "edge-external", 5, "drain"), ("swap", "edge-external", None, "keep")]


async def test_a_generation_is_staged_for_a_date_and_withdrawn() -> None:
    async with panel(size=ROOMY) as seen:
        await seen.sees("fabrikam.com")
        await seen.press("4", "g")
        await seen.sees("▸6◂")
        await seen.press("enter")
        await seen.sees("When?")
        await seen.type("tomorrow")
        await seen.press("enter")
        await seen.sees("is no date")
        await seen.press("g", "enter")
        await seen.sees("When?")
        await seen.type("2027-01-02T03:04:05Z")
        await seen.press("enter")
        await seen.sees("Stage edge-external", "What becomes of open streams?")
        await seen.press("enter")
        await seen.sees("generation 6 goes into service")
        await seen.press("x")
        await seen.sees("Withdrawn.")
    when = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert seen.desk.calls == [("stage", "edge-external", 6, when, "keep"), ("cancel_staged", "edge-external")]


async def test_without_another_generation_there_is_nothing_to_swap_to() -> None:
    only: JsonObject = {"name": "edge-external", "generation": 7, "held": [7]}
    async with panel(FakeDesk(status={**STATUS, "certificates": [only]}), size=ROOMY) as seen:
        await seen.press("4")
        await seen.sees("edge-external")
        await seen.press("w")
        await seen.sees("holds no other generation")


async def test_who_has_knocked_is_let_in_and_a_contact_forgotten() -> None:
    async with panel(size=ROOMY) as seen:
        await seen.press("3")
        await seen.sees("▸ ! bob@contoso.com", "eve@fabrikam.com")
        await seen.press("d")
        await seen.sees("Who knocked is no contact")
        await seen.press("a")
        await seen.sees("Add a contact", "[bob@contoso.com", "[eve@fabrikam.com")
        await seen.press("enter")
        await seen.sees("eve@fabrikam.com may reach bob@contoso.com now")
        await seen.press("down", "d")
        await seen.sees("Forget alice@fabrikam.com")
        await seen.press("tab", "enter")
        await seen.sees("alice@fabrikam.com is forgotten")
    assert seen.desk.calls == [
        ("add_contact", "bob@contoso.com", "eve@fabrikam.com"),
        ("remove_contact", "bob@contoso.com", "alice@fabrikam.com"),
    ]


async def test_a_refusal_is_told_with_its_hint() -> None:
    refusals = {"cancel_staged": ControlError("edge-external is busy", code="busy", hint="wait a moment")}
    async with panel(FakeDesk(refusals=refusals), size=ROOMY) as seen:
        await seen.press("4")
        await seen.sees("edge-external")
        await seen.press("x")
        await seen.sees("✗ busy", "edge-external is busy", "wait a moment")


async def test_the_domain_of_the_row_is_offered_for_a_test() -> None:
    async with panel(size=ROOMY) as seen:
        for page, domain in (("2", "fabrikam.com"), ("5", "northwind.example")):
            await seen.press(page)
            await seen.sees(domain)
            await seen.press("t")
            await seen.sees("Which domain?", f"[{domain}")
            await seen.press("escape")
