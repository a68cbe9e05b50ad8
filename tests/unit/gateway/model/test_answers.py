from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.model.answers import ago, objects, show, texts

if TYPE_CHECKING:
    from edgecert.shared.jsonvalue import JsonValue


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.9, "59 s"), (62, "1 min 2 s"), (7200, "2 h"), (93784, "1 d 2 h"), (None, "–"), (True, "–")],
)
def test_spans_have_their_two_largest_units(seconds: JsonValue, text: str) -> None:
    assert ago(seconds) == text


def test_cells() -> None:
    values: list[JsonValue] = [None, "", True, 3, ["a", "b"], [], "x"]
    assert [show(value) for value in values] == ["–", "–", "yes", "3", "a, b", "–", "x"]


def test_what_has_another_type_is_passed_over() -> None:
    assert objects([{"a": 1}, "b", 3]) == [{"a": 1}]
    assert texts([{"a": 1}, "b", 3]) == ["b"]
    assert objects("x") == []
    assert texts(None) == []
