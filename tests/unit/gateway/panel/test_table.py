from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edgecert.shared.output import display_width
from gateway.panel.table import clip, lay_out
from gateway.panel.views import Row, State

HEADS = ("PARTNER", "STATE", "WHY")


def mark(state: State) -> str:
    return {"good": "+", "bad": "x"}.get(state, ".")


def test_columns_line_up_behind_the_sign_of_the_state() -> None:
    rows = [Row("a", "good", ("fabrikam.com", "open", "")), Row("b", "bad", ("x.example", "failed", "no servers"))]
    head, lines = lay_out(HEADS, rows, 80, mark)
    assert head == "    PARTNER       STATE   WHY"
    assert lines == ["  + fabrikam.com  open", "  x x.example     failed  no servers"]


def test_what_is_too_wide_is_cut_and_says_so() -> None:
    _head, lines = lay_out(HEADS, [Row("a", "bad", ("fabrikam.com", "failed", "w" * 100))], 40, mark)
    assert len(lines[0]) == 40
    assert lines[0].endswith("w~")
    assert "fabrikam.com" in lines[0]


def test_letters_of_two_columns_and_signs_that_steer_are_counted() -> None:
    assert clip("日本語", 5) == "日本~"
    assert display_width(clip("日本語", 4)) == 4
    _head, lines = lay_out(HEADS, [Row("a", "bad", ("a\nb", "\x1b[2J", "x"))], 80, mark)
    assert "\x1b" not in lines[0]
    assert "\n" not in lines[0]


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30)), max_size=5))
def test_no_line_is_wider_than_the_window(cells: list[tuple[str, str, str]]) -> None:
    rows = [Row(str(number), "good", each) for number, each in enumerate(cells)]
    head, lines = lay_out(HEADS, rows, 40, mark)
    assert all(display_width(line) <= 40 for line in (head, *lines))
