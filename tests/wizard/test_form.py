"""Forms: what is typed is taken at once, what is wrong is said beneath it, help is there for each field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.wizard.fields import Page
from tests.support.wizard import wizard

if TYPE_CHECKING:
    from pathlib import Path


async def test_the_defaults_are_taken_by_enter_alone(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.press("enter")
        await seen.sees("Name, security and organization", "▸ Security", "edge-external")
        await seen.press("enter")
        await seen.sees("Subject names")
        await seen.press("escape")
        await seen.sees("Name, security and organization")
        assert seen.app.drafts.load() is not None


async def test_a_choice_is_an_answer(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.press("down", "tab", "down")
        assert seen.session.value("certificate.role") == "internal-edge"
        assert seen.session.value("issuer.kind") == "acme"
        await seen.press("enter")
        await seen.sees("Certification authority")


async def test_what_is_wrong_is_said_beneath_and_keeps_the_page(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.go("security")
        for _field in range(7):
            await seen.press("tab")
        await seen.type("Italy")
        await seen.sees("! 'Italy' is not allowed here")
        await seen.press("enter")
        await seen.sees("Name, security and organization", "Italy")
        await seen.press(*["backspace"] * 5)
        await seen.type("IT")
        assert "not allowed" not in seen.text
        await seen.press("enter")
        await seen.sees("Subject names")
        assert seen.session.value("subject.country") == "IT"


async def test_the_bit_lengths_follow_the_algorithm(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.go("security")
        await seen.press("tab", "tab", "right")
        await seen.sees("(●) ecdsa", "(●) 256   (○) 384")
        await seen.press("ctrl+z")
        await seen.sees("(●) rsa", "(●) 2048")
        await seen.press("ctrl+z")
        await seen.sees("nothing to undo")


async def test_help_names_the_key_and_its_variable(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.go("security")
        await seen.press("f1")
        await seen.sees("certificate.name", "EDGECERT_CERTIFICATE_NAME", "Ctrl+Z")
        await seen.press("escape")
        await seen.sees("the lineage: lower-case letters")


async def test_back_on_the_first_page_leads_to_the_tasks_and_the_draft_is_offered(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.press("escape")
        await seen.sees("Available tasks", "Go on with the request that was begun")


async def test_undo_of_what_a_page_is_there_for_leaves_the_page(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.press("tab", "down", "enter")
        await seen.sees("Certification authority")
        await seen.press("ctrl+z")
        await seen.press("ctrl+z")
        await seen.sees("Who signs")
        assert seen.session.page is Page.KIND
