"""How each name and each listener stands while something is done: one line each, what is awaited and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgecert.shared.words import _, plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgecert.interfaces import Standing
    from edgecert.shared.tui.marks import Marks

_URGENT: Final = ("failed", "warning", "busy", "ahead", "done")
_WIDEST: Final = 44


@dataclass(frozen=True, slots=True)
class _Row:
    about: str
    standing: Standing
    text: str
    since: float


class Standings:
    """The table; in the order in which things were named first."""

    def __init__(self, expected: Iterable[str] = ()) -> None:
        """Begin with what is ``expected`` to be told of."""
        self._rows = {about: _Row(about, "ahead", "", 0.0) for about in expected}

    def take(self, about: str, standing: Standing, text: str, now: float) -> None:
        """Take how ``about`` stands since ``now``."""
        before = self._rows.get(about)
        if before is None or (before.standing, before.text) != (standing, text):
            self._rows[about] = _Row(about, standing, text, now)

    def lines(self, marks: Marks, now: float, room: int) -> list[str]:
        """Give the table in ``room`` lines: where there are more, what needs no look is only counted."""
        rows = list(self._rows.values())
        left_out = 0
        if len(rows) > room:
            shown = sorted(rows, key=lambda row: _URGENT.index(row.standing))[: max(1, room - 1)]
            left_out = len(rows) - len(shown)
            rows = [row for row in rows if row in shown]
        width = min(_WIDEST, max((len(row.about) for row in rows), default=0))
        lines = [_line(row, marks, now, width) for row in rows]
        if left_out:
            done = sum(row.standing == "done" for row in self._rows.values())
            more = plural("{count} more", "{count} more", left_out)
            lines.append(f"  {more}; " + _("{done} of {all} are done").format(done=done, all=len(self._rows)))
        return lines


def _line(row: _Row, marks: Marks, now: float, width: int) -> str:
    sign = {
        "ahead": marks.ahead,
        "busy": marks.busy,
        "done": marks.done,
        "warning": marks.warning,
        "failed": marks.bad,
    }[row.standing]
    seconds = now - row.since
    since = _(", {seconds:.0f} s").format(seconds=seconds) if row.standing == "busy" and seconds >= 1 else ""
    return f"{sign} {row.about:<{width}}  {row.text}{since}".rstrip()
