"""What others wrote, on its way to the terminal: Textual passes escape sequences on as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.filter import LineFilter
from typing_extensions import override

from edgecert.shared.printable import drop_controls
from edgecert.shared.tui.marks import to_ascii

if TYPE_CHECKING:
    from rich.segment import Segment
    from textual.color import Color


class ControlFilter(LineFilter):
    """Takes out of each line that is drawn what would steer the terminal; Textual gives it no width anyway."""

    @override
    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        # A segment's own `control` is Textual's: it is how that moves the cursor itself.
        return [each if each.control else each._replace(text=drop_controls(each.text)) for each in segments]


class AsciiFilter(LineFilter):
    """Draws lines, boxes and signs by letters, for a terminal whose locale knows no others."""

    @override
    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [each if each.control else each._replace(text=to_ascii(each.text)) for each in segments]
