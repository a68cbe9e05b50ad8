"""Lines typed and lines said."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import EdgecertError, UsageError
from edgecert.wizard.plaintasks import Lines

if TYPE_CHECKING:
    from pathlib import Path


def lines_with(text: str) -> tuple[Lines, io.StringIO]:
    said = io.StringIO()
    return Lines(io.StringIO(text), said), said


def test_an_entry_is_chosen_by_its_number_the_first_by_enter() -> None:
    menu = [("a", "one"), ("b", "two")]
    assert lines_with("\n")[0].choose("?", menu) == "a"
    assert lines_with("3\nx\n2\n")[0].choose("?", menu) == "b"


def test_the_end_of_the_input_is_an_end() -> None:
    with pytest.raises(EOFError):
        lines_with("")[0].ask("? ")


def test_a_file_is_read_and_a_paste_taken_up_to_an_empty_line(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_bytes(b"content")
    assert lines_with(f"{tmp_path}/a.pem\n")[0].paste("?") == b"content"
    assert lines_with("-----BEGIN X-----\nabc\n\nrest\n")[0].paste("?") == b"-----BEGIN X-----\nabc\n"
    with pytest.raises(UsageError):
        lines_with(f"{tmp_path}/none\n")[0].paste("?")


def test_steps_warnings_and_failures_are_told_apart_by_marks() -> None:
    lines, said = lines_with("")
    lines.step("one")
    lines.warn("code", "two", "place")
    lines.failure(EdgecertError("three", code="x", hint="four"))
    assert said.getvalue().splitlines() == ["  · one", "  ! place: two [code]", "✗ three [x]", "  four"]


def test_where_the_terminal_knows_letters_alone_signs_are_letters() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    Lines(io.StringIO(), out).say("✓ bücher.example …")
    out.seek(0)
    assert out.read() == "+ bücher.example ~\n"
