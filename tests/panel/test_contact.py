"""The window for a contact."""

from __future__ import annotations

from tests.support.panel import FakeDesk, panel


async def test_both_are_typed_and_what_is_no_user_is_refused() -> None:
    async with panel(FakeDesk(known={}), size=(160, 40)) as seen:
        await seen.press("3", "a")
        await seen.sees("Add a contact")
        await seen.type("bob")
        await seen.press("enter")
        await seen.type("alice@fabrikam.com")
        await seen.press("enter")
        await seen.sees("Both are users, as bob@contoso.com.")
        await seen.press("shift+tab")
        await seen.press("end")
        await seen.type("@contoso.com")
        await seen.press("enter")
        await seen.sees("alice@fabrikam.com may reach bob@contoso.com now")
    assert seen.desk.calls == [("add_contact", "bob@contoso.com", "alice@fabrikam.com")]


async def test_escape_adds_nothing() -> None:
    async with panel(FakeDesk(known={}), size=(160, 40)) as seen:
        await seen.press("3", "a")
        await seen.sees("Add a contact")
        await seen.press("escape")
        await seen.sees("[3 Contacts]")
    assert seen.desk.calls == []
