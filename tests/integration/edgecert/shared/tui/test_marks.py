from __future__ import annotations

import dataclasses

from edgecert.shared.tui.marks import ASCII, UNICODE, marks_for, to_ascii


def test_a_locale_without_unicode_gets_ascii() -> None:
    assert marks_for({"LANG": "C"}) is ASCII
    assert marks_for({"LANG": "C", "LC_ALL": "en_GB.UTF-8"}) is UNICODE
    assert marks_for({}) is UNICODE
    assert marks_for({"LANG": "C", "LC_CTYPE": "C.UTF-8"}) is ASCII, "what Python sets by itself says nothing"
    assert all(value.isascii() for value in dataclasses.astuple(ASCII))


def test_each_state_has_a_sign_of_its_own() -> None:
    for marks in (ASCII, UNICODE):
        signs = dataclasses.astuple(marks)
        assert len(set(signs)) == len(signs)


def test_our_signs_become_letters_of_the_same_width_and_names_stay() -> None:
    signs = "╭─╮│●○✓✗…·▸◂→"
    assert to_ascii(signs).isascii()
    assert len(to_ascii(signs)) == len(signs)
    assert to_ascii("bücher.example") == "bücher.example"
