"""A flags file as a command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.model.flagnames import parse_table_flag
from edgecert.wizard.command import command_arguments, command_line

if TYPE_CHECKING:
    from edgecert.shared.jsonvalue import JsonObject, JsonValue


def test_each_kind_of_key_is_written_as_its_flag() -> None:
    document: JsonObject = {
        "version": 1,
        "certificate": {"name": "edge", "exportable": False, "bit_length": 4096},
        "topology": {"sip_domains": ["a.example", "b.example"]},
        "issuer": {"email": "-odd@example"},
    }
    assert command_arguments(document, csr=False) == [
        *("apply", "--name", "edge", "--bit-length", "4096", "--no-exportable"),
        *("--sip-domains", "a.example", "--sip-domains", "b.example", "--email=-odd@example"),
    ]


@pytest.mark.parametrize("value", ["plain", "with, comma", 'with "quotes"', "back\\slash", "it's", "two words", ""])
def test_a_table_can_be_read_back(value: str) -> None:
    row: dict[str, JsonValue] = {"name": value, "plaintext_key": True, "verify": ["tls://a:1", value]}
    words = command_arguments({"deploy": [row]}, csr=True)
    assert words[:2] == ["request", "--deploy"]
    assert parse_table_flag("deploy", words[2]) == row


def test_the_line_can_be_pasted_into_a_shell() -> None:
    assert command_line({"subject": {"organization": "A B"}}, csr=False) == "edgecert apply --organization 'A B'"
