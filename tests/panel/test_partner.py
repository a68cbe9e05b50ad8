"""The page of a partner: what the knobs allow while one chooses, what is refused, the difference, the commit."""

from __future__ import annotations

from edgecert.shared.errors import ControlError
from tests.support.panel import FakeDesk, panel, partner
from tests.support.snapshots import assert_looks_as_kept


async def test_a_partner_is_made_through_a_refusal_and_a_warning() -> None:
    async with panel() as seen:
        await seen.sees("fabrikam.com")
        await seen.press("n")
        await seen.sees("New partner", "✓ Methods: row 7: SASL EXTERNAL over TLS, dialback inside TLS")
        await seen.type("litware.example")
        await seen.press("enter", "enter", "enter", "enter", "right", "right")
        await seen.sees("! Methods: row 11: dialback in the clear", "SASL requires TLS")
        await seen.press("enter", "enter", "space")
        await seen.sees("[ ] proof by server dialback", "✗ Refused: row 12")
        await seen.press("ctrl+s")
        await seen.sees("partner litware.example: tls not-supported")
        await seen.press("space", "ctrl+s")
        await seen.sees("+ litware.example", "tls: not-supported", "! SASL requires TLS")
        await seen.press("enter")
        await seen.sees("litware.example is live", "[1 Partners]")
    assert ("put_partner", "litware.example") in seen.desk.calls
    assert seen.desk.calls[0] == ("apply_partners", 3, True)


async def test_what_was_typed_right_before_the_commit_is_in_it() -> None:
    async with panel() as seen:
        await seen.sees("fabrikam.com")
        await seen.press("n")
        await seen.sees("New partner")
        seen.burst(*"litware.example", "tab")
        await seen.sees("[litware.example")
        seen.burst(*"Litware Incorporated", "ctrl+s")
        await seen.sees("+ litware.example", "description: Litware Incorporated")
        await seen.press("tab", "enter")
        await seen.sees("New partner")
        seen.burst("tab", "tab", "left", "ctrl+s")
        await seen.sees("type: public-verified")


async def test_a_change_shows_its_difference_and_back_does_nothing() -> None:
    async with panel() as seen:
        await seen.sees("▸ ✓ fabrikam.com")
        await seen.press("enter")
        await seen.sees("Partner fabrikam.com", "[Fabrikam Inc.")
        await seen.press("tab", "right")
        await seen.sees("(●) optional")
        await seen.press("ctrl+s")
        await seen.sees("~ fabrikam.com", "tls: required → optional", "▸Commit◂")
        await seen.press("tab", "enter")
        await seen.sees("Partner fabrikam.com")
        await seen.press("escape")
        await seen.sees("[1 Partners]")
    assert [call[0] for call in seen.desk.calls] == ["apply_partners"]


async def test_nothing_changed_is_said() -> None:
    async with panel() as seen:
        await seen.sees("fabrikam.com")
        await seen.press("e")
        await seen.sees("Partner fabrikam.com")
        await seen.press("ctrl+s")
        await seen.sees("Nothing is changed", "[1 Partners]")


async def test_what_somebody_else_did_meanwhile_is_told() -> None:
    async with panel() as seen:
        await seen.sees("fabrikam.com")
        await seen.press("e")
        await seen.sees("Partner fabrikam.com")
        seen.desk.table = [partner("fabrikam.com", sasl="required")]
        await seen.press("ctrl+s")
        await seen.sees("Somebody else has changed this partner meanwhile", "sasl: required → optional")


async def test_another_primary_domain_takes_the_old_ones_place() -> None:
    async with panel() as seen:
        await seen.sees("fabrikam.com")
        await seen.press("e")
        await seen.sees("Partner fabrikam.com")
        await seen.press("shift+tab", "shift+tab", "shift+tab", "ctrl+u")
        await seen.type("fabrikam.example")
        await seen.press("ctrl+s")
        await seen.sees("domain: fabrikam.com → fabrikam.example", "streams of the old one are closed")
        await seen.press("enter")
        await seen.sees("fabrikam.example is live")
    assert {entry["domain"] for entry in seen.desk.table} == {"fabrikam.example", "northwind.example"}


async def test_what_others_do_while_one_is_asked_stays() -> None:
    async with panel() as seen:
        await seen.sees("fabrikam.com")
        await seen.press("e")
        await seen.sees("Partner fabrikam.com")
        await seen.press("shift+tab", "shift+tab", "shift+tab", "ctrl+u")
        await seen.type("fabrikam.example")
        await seen.press("ctrl+s")
        await seen.sees("streams of the old one are closed")
        seen.desk.table = [
            partner("fabrikam.com", description="Fabrikam Inc."),
            partner("late.example"),
            partner("northwind.example", sasl="required"),
        ]
        await seen.press("enter")
        await seen.sees("fabrikam.example is live")
    kept = {entry["domain"]: entry["sasl"] for entry in seen.desk.table}
    assert kept == {"fabrikam.example": "optional", "late.example": "optional", "northwind.example": "required"}


async def test_what_has_become_another_change_while_one_is_asked_is_asked_again() -> None:
    async with panel() as seen:
        await seen.sees("fabrikam.com")
        await seen.press("e")
        await seen.sees("Partner fabrikam.com")
        await seen.press("tab", "right", "ctrl+s")
        await seen.sees("~ fabrikam.com", "▸Commit◂")
        seen.desk.table = [partner("fabrikam.com", type="federated", dialback=True)]
        await seen.press("enter")
        await seen.sees("Somebody else has changed this partner meanwhile", "type: federated →")
        assert not any(call[0] == "put_partner" for call in seen.desk.calls)
        await seen.press("enter")
        await seen.sees("fabrikam.com is live")


async def test_a_partner_that_somebody_else_made_meanwhile_is_not_replaced() -> None:
    async with panel() as seen:
        await seen.press("n")
        await seen.sees("New partner")
        await seen.type("late.example")
        await seen.press("ctrl+s")
        await seen.sees("+ late.example", "▸Commit◂")
        theirs = partner("late.example", sasl="required")
        seen.desk.table = [*seen.desk.table, theirs]
        await seen.press("enter")
        await seen.sees("✗", "late.example", "New partner")
    assert theirs in seen.desk.table
    assert not any(call[0] == "put_partner" for call in seen.desk.calls)


async def test_the_gateways_refusal_stays_on_the_page() -> None:
    refusals = {"apply_partners": ControlError("the database is locked", hint="try again")}
    async with panel(FakeDesk(refusals=refusals)) as seen:
        await seen.sees("fabrikam.com")
        await seen.press("e")
        await seen.sees("Partner fabrikam.com")
        await seen.press("tab", "right", "ctrl+s")
        await seen.sees("✗ the database is locked", "try again", "Partner fabrikam.com")


async def test_federated_takes_dialback_away_and_f1_tells_of_the_field() -> None:
    async with panel() as seen:
        await seen.press("n")
        await seen.sees("New partner")
        await seen.press("enter", "enter", "enter")
        await seen.press("right")
        await seen.sees("(●) federated", "[ ] proof by server dialback")
        await seen.press("f1")
        await seen.sees("Partner type", "federated: sees notes")


async def test_the_page_looks_as_it_did() -> None:
    async with panel() as seen:
        await seen.sees("fabrikam.com")
        await seen.press("e")
        await seen.sees("Partner fabrikam.com")
        for control in seen.app.screen.query("OrderedInput"):
            control.cursor_blink = False  # type: ignore[attr-defined]  # an input
        await seen.pilot.pause()
        assert_looks_as_kept(seen.app, "panel-partner-80x24")
