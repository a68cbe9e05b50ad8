"""The application: drafts on every page, leaving, the palette, sizes."""

from __future__ import annotations

import asyncio
import string
from typing import TYPE_CHECKING

from textual.widgets import Input

from edgecert.shared.errors import ExitCode
from edgecert.wizard.fields import Page
from tests.support.waiting import eventually
from tests.support.wizard import wizard

if TYPE_CHECKING:
    from pathlib import Path


async def test_ctrl_c_loses_nothing(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.go("names")
        await seen.type("contoso.com")
        await seen.press("enter", "tab", "space")
        await seen.press("ctrl+c")
        assert seen.app.return_value is ExitCode.INTERRUPTED
    async with wizard(tmp_path) as seen:
        await seen.sees("Go on with the request")
        await seen.press("enter")
        await seen.sees("Subject names", "contoso.com", "[ ]     [x]")


async def test_the_palette_leads_to_every_page(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        titles = [command.title for command in seen.app.get_system_commands(seen.app.screen)]
        assert {"Subject names", "Request summary", "Copy command", "Log", "Theme"} <= set(titles)
        command = next(
            command for command in seen.app.get_system_commands(seen.app.screen) if command.title == "Subject names"
        )
        command.callback()
        await seen.sees("Subject names", "Add a domain")
        assert seen.session.page is Page.NAMES


async def test_keys_typed_ahead_reach_the_page_that_follows(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.go("security")
        for key in ("enter", *"contoso.com", "enter", "enter", "enter"):
            seen.app.simulate_key(key)
        await seen.sees("Request summary", "sip.contoso.com")


async def test_typing_on_while_a_page_changes_keeps_the_order(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.go("security")
        seen.burst("enter")
        typed = ""
        while not (isinstance(field := seen.app.focused, Input) and field.id == "add" and field.value):
            typed += string.ascii_lowercase[len(typed) % 26]
            seen.burst(typed[-1])
            await asyncio.sleep(0)
        await eventually(lambda: len(field.value) == len(typed))
        assert field.value == typed


async def test_each_page_fits_eighty_by_twenty_four(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        seen.session.add_domain("contoso.com")
        for kind in ("local", "acme", "csr"):
            seen.session.answer("issuer.kind", kind)
            for page in seen.session.pages:
                await seen.go(page.value)
                body = seen.app.screen.query_one("#body")
                assert body.max_scroll_y == 0, f"{kind} {page}: {body.max_scroll_y} lines too many\n{seen.text}"


async def test_a_larger_window_is_used(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.go("names")
        await seen.pilot.resize_terminal(120, 40)
        await seen.sees("Add a domain")
        assert seen.app.screen.has_class("-tall")
        await seen.pilot.resize_terminal(80, 24)
        await seen.pilot.pause()
        assert not seen.app.screen.has_class("-tall")
