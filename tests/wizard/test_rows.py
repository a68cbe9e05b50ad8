"""Lists of tables: targets and challenges are added, opened, changed by kind and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.wizard.screens.rows import describe_row
from tests.support.wizard import wizard

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_target_is_added_and_asked_for_what_its_kind_needs(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.go("targets")
        await seen.sees("Nowhere yet", "▸Next◂")
        await seen.pilot.click("#add-files")
        await seen.sees("Where it is served: 1", "Directory", "Reload command")
        assert "Control" not in seen.text
        await seen.press("enter")
        await seen.sees("is required for kind files")
        await seen.type(str(tmp_path / "certs"))
        await seen.press("enter")
        await seen.sees("1. files: files; ")
        assert seen.session.value("deploy[0].directory") == str(tmp_path / "certs")


async def test_the_fields_follow_the_kind(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.go("targets")
        await seen.pilot.click("#add-gateway")
        await seen.sees("Control")
        await seen.press("tab", "right")
        await seen.sees("Directory")
        assert "Control  [" not in seen.text
        await seen.press("escape")
        await seen.sees("✗ 1. files")


async def test_a_target_is_removed_and_brought_back(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.go("targets")
        await seen.pilot.click("#add-gateway")
        await seen.sees("Control")
        seen.app.screen.query_one("#remove").focus()
        await seen.press("enter")
        await seen.sees("Nowhere yet")
        await seen.press("ctrl+z")
        await seen.sees("1. gateway: gateway")


async def test_a_request_to_be_carried_asks_where_it_goes(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.press("tab", "down", "down", "enter")
        await seen.sees("Certification authority", "Request file (CSR)", "Certificate template")


def test_a_table_is_told_in_a_line() -> None:
    assert describe_row("deploy", {"name": "web", "kind": "files", "verify": ["tls://a:1", "tls://b:1"]}) == (
        "files: web; tls://a:1, tls://b:1"
    )
    assert describe_row("issuer.challenges", {}) == "http-01"
