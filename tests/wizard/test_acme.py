"""The page of an ACME CA: known directories, terms, bindings, proofs, one screenful."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.wizard.authorities import AUTHORITIES
from tests.support.wizard import wizard

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_known_ca_brings_its_directory_and_any_other_can_be_typed(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        for entry in AUTHORITIES:  # nobody is asked on the network
            seen.app.terms[entry.directory] = f"Terms: {entry.name}"
        seen.app.terms["https://127.0.0.1:1/dir"] = "Terms: mine"
        await seen.new_request()
        await seen.press("tab", "down", "enter")
        await seen.sees("Let's Encrypt", "another: type its directory", "Nothing yet")
        await seen.press("up")  # round to the last known one
        await seen.press("up", "up")
        assert seen.session.value("issuer.directory") == AUTHORITIES[1].directory
        await seen.sees("Terms: Google", "Binding key id")
        await seen.press("down", "down", "down")
        assert seen.session.value("issuer.directory") == ""
        await seen.press("tab")
        await seen.type("https://127.0.0.1:1/dir")
        await seen.press("tab")
        await seen.sees("Terms: mine")
        assert "Binding key id" not in seen.text


async def test_terms_that_cannot_be_had_are_said(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        seen.session.answer("issuer.kind", "acme")
        seen.session.answer("issuer.directory", "https://127.0.0.1:1/dir")
        await seen.go("issuer")
        await seen.sees("terms cannot be had now")


async def test_the_page_is_left_when_all_is_there(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        seen.app.terms["https://127.0.0.1:1/dir"] = "Terms: mine"
        await seen.new_request()
        seen.session.answer("issuer.kind", "acme")
        seen.session.answer("issuer.directory", "https://127.0.0.1:1/dir")
        await seen.go("issuer")
        await seen.press("enter")
        await seen.sees("must be true")
        await seen.press("space")
        await seen.pilot.click("#add-http-01")
        await seen.sees("How names are proven: 1", "0.0.0.0:80")
        await seen.press("enter")
        await seen.sees("1. http-01: 0.0.0.0:80")
        await seen.press("ctrl+n")
        await seen.sees("Name, security and organization")
