from __future__ import annotations

import json
import unicodedata

import pytest

from edgecert.shared.printable import blank_controls, drop_controls, json_text, show_controls, show_line

STEERING = ["\x1b[2J", "\x9b2J", "\x7f", "\u202e", "\u2066", "\u2028", "\ud800", "\U000e0041", "\x00", "\r"]


@pytest.mark.parametrize("text", STEERING)
def test_what_steers_a_screen_is_shown_as_its_escape(text: str) -> None:
    shown = show_controls(f"a{text}b")
    assert text[0] not in shown
    assert shown.startswith("a\\")
    assert show_line(f"a{text}b") == shown
    assert blank_controls(f"a{text}b") == f"a {text[1:]}b"
    assert drop_controls(f"a{text}b") == f"a{text[1:]}b"
    assert text[0] not in json_text({"x": text})
    assert json.loads(json_text({"x": text})) == {"x": text}


def test_lines_stay_where_there_are_lines() -> None:
    assert show_controls("a\n\tb") == "a\n\tb"
    assert show_line("a\n\tb") == "a\\n\\tb"
    assert blank_controls("a\n\tb") == "a  b"
    assert json_text({"a": [1]}, 1) == '{\n "a": [\n  1\n ]\n}'


# ruff: noqa: RUF001  # letters of other scripts are what is tested
@pytest.mark.parametrize("text", ["plain", "Zürich 日本 नी", "نامه\u200cای", "👩\u200d🚒", "no\xa0break"])
def test_letters_of_any_script_stay_as_they_are(text: str) -> None:
    assert show_controls(text) == show_line(text) == blank_controls(text) == text
    assert json_text(text) == f'"{text}"'


def test_no_control_character_is_forgotten() -> None:
    for code in range(0x110000):
        letter = chr(code)
        if unicodedata.category(letter) in {"Cc", "Zl", "Zp", "Cs"} and letter not in "\n\t":
            assert show_controls(letter) != letter
