"""Every key that no page asks for is reached from every page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.wizard.screens.form import FieldControl
from tests.support.wizard import wizard

if TYPE_CHECKING:
    from pathlib import Path


async def test_all_other_keys_are_there(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.press("f3")
        await seen.sees("Advanced: every other setting", "[certificate]")
        shown = {control.path for control in seen.app.screen.query("*") if isinstance(control, FieldControl)}
        assert shown == {entry.path for entry in seen.session.advanced()}
        await seen.press("space")
        assert seen.session.value("certificate.reuse_key") is True
        await seen.press("escape")
        await seen.sees("Certificate request")


async def test_a_key_that_is_not_for_this_authority_says_so(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        seen.session.answer("issuer.kind", "acme")
        await seen.press("f3")
        await seen.press("tab")
        await seen.sees("kept, but not")
        await seen.press("f3")
        await seen.sees("Certificate request")
