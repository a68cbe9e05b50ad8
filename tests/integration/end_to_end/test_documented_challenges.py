"""The challenge entries of the documentation are good flags files."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from edgecert.cli.main import main
from tests.support.docblocks import blocks

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """version = 1
[certificate]
name = "edge"
[topology]
access_edge = "sip.contoso.com"
[issuer]
kind = "acme"
directory = "https://ca.example/directory"
accept_terms = true
"""
ENTRIES = [
    entry
    for page in ("howto/acme.md", "howto/dns01.md")
    for entry in blocks(page, "toml", "[[issuer.challenges]]")
    if not entry.startswith("version")
]


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_is_taken(entry: str, tmp_path: Path) -> None:
    flags = tmp_path / "edge.toml"
    flags.write_text(HEAD + entry, encoding="utf-8")
    assert main(["config", "check", str(flags)]) == 0


def test_every_type_and_provider_is_shown() -> None:
    shown = [entry for text in ENTRIES for entry in tomllib.loads(text)["issuer"]["challenges"]]
    assert {entry["type"] for entry in shown} == {"http-01", "dns-01", "tls-alpn-01", "dns-persist-01"}
    assert {entry["provider"] for entry in shown if "provider" in entry} == {"rfc2136", "command", "manual"}
