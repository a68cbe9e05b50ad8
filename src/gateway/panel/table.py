"""Rows as lines of a terminal: columns as wide as they need, the last one and then the widest giving way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgecert.shared.output import display_width
from edgecert.shared.printable import show_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.panel.views import Row, State

GAP: Final = "  "
_NARROWEST: Final = 6
_MARK: Final = 4  # the pointer, the sign of the state, and a blank behind each


def lay_out(
    heads: Sequence[str], rows: Sequence[Row], width: int, mark: Callable[[State], str]
) -> tuple[str, list[str]]:
    """Give the head and a line for each row, none wider than ``width``; ``mark`` gives the sign of a state."""
    cells = [[show_line(cell) for cell in row.cells] for row in rows]
    widths = [max([display_width(heads[at]), *(display_width(row[at]) for row in cells)]) for at in range(len(heads))]
    widths = _fit(widths, width - _MARK - len(GAP) * (len(heads) - 1), [len(head) for head in heads])
    head = " " * _MARK + GAP.join(clip(text, size) for text, size in zip(heads, widths, strict=True))
    lines = [
        f"  {mark(row.state)} " + GAP.join(clip(text, size) for text, size in zip(line, widths, strict=True))
        for row, line in zip(rows, cells, strict=True)
    ]
    return head.rstrip(), [line.rstrip() for line in lines]


def _fit(widths: list[int], room: int, least: Sequence[int]) -> list[int]:
    """Narrow the widest column, again and again, until all fit; the last one takes what is left."""
    fitted = list(widths)
    lowest = [max(_NARROWEST, size) if widths[at] > _NARROWEST else widths[at] for at, size in enumerate(least)]
    while sum(fitted) > room:
        wide = [at for at in range(len(fitted)) if fitted[at] > lowest[at]]
        if not wide:
            break
        fitted[max(wide, key=lambda at: fitted[at])] -= 1
    return fitted


def clip(text: str, width: int) -> str:
    """Give ``text`` in exactly ``width`` columns, a sign at its end where something is cut off."""
    if display_width(text) <= width:
        return text + " " * (width - display_width(text))
    kept = text
    while kept and display_width(kept) > width - 1:
        kept = kept[:-1]
    return f"{kept}~" + " " * (width - 1 - display_width(kept))
