"""The table of names while something is done: in their order, cut to the room, what needs a look kept."""

from __future__ import annotations

from edgecert.shared.tui.marks import ASCII
from edgecert.wizard.standings import Standings


def test_what_is_expected_is_there_from_the_beginning_and_keeps_its_place() -> None:
    table = Standings(["b.example", "a.example"])
    table.take("a.example", "done", "proven", 1.0)
    assert table.lines(ASCII, 1.0, 9) == [". b.example", "+ a.example  proven"]


def test_what_is_busy_tells_for_how_long_from_when_that_changed() -> None:
    table = Standings()
    table.take("a.example", "busy", "published", 1.0)
    assert table.lines(ASCII, 1.5, 9) == ["~ a.example  published"]
    table.take("a.example", "busy", "published", 3.0)
    assert table.lines(ASCII, 5.0, 9) == ["~ a.example  published, 4 s"]
    table.take("a.example", "busy", "the CA looks at it", 5.0)
    assert table.lines(ASCII, 7.0, 9) == ["~ a.example  the CA looks at it, 2 s"]


def test_where_the_room_is_short_those_that_need_no_look_are_counted() -> None:
    table = Standings(f"{number}.example" for number in range(9))
    for number in range(7):
        table.take(f"{number}.example", "done", "proven", 0.0)
    table.take("8.example", "failed", "refused", 0.0)
    assert table.lines(ASCII, 0.0, 4) == [
        "+ 0.example  proven",
        ". 7.example",
        "x 8.example  refused",
        "  6 more; 7 of 9 are done",
    ]
