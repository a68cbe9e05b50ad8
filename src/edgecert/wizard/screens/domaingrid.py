"""The domains with their tick boxes: arrows move, Space ticks, Delete removes, ``e`` edits."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from typing_extensions import override

from edgecert.shared.names import to_unicode
from edgecert.shared.tui.fields import Entered
from edgecert.shared.tui.marks import UNICODE, Marks
from edgecert.shared.words import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.binding import BindingType

    from edgecert.wizard.answers import DomainRow

_NAME_WIDTH = 40
_COLUMN = 8


class DomainGrid(Widget, can_focus=True):
    """A row for each domain, a tick box for SIP and one for XMPP; shows as many rows as it has room for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("left,right", "side", show=False),
        Binding("space", "tick", _("Tick"), show=False),
        Binding("delete,backspace", "remove", _("Remove"), show=False),
        Binding("e", "edit", _("Edit"), show=False),
    ]
    DEFAULT_CSS = """
    DomainGrid { height: auto; min-height: 2; max-height: 6; width: 1fr; }
    DomainGrid:focus { background-tint: $foreground 8%; }
    """
    row: reactive[int] = reactive(0)
    column: reactive[int] = reactive(0)
    ROOM = 5

    class Act(Message):
        """Something is to be done with the domain at ``row``."""

        def __init__(self, what: Literal["sip", "xmpp", "remove", "edit"], row: int) -> None:
            """Tell what."""
            super().__init__()
            self.what = what
            self.row = row

    def __init__(self, rows: Sequence[DomainRow], *, marks: Marks = UNICODE, id: str | None = None) -> None:  # noqa: A002  # Textual's word
        """Show ``rows``."""
        super().__init__(id=id)
        self.rows = list(rows)
        self.marks = marks

    def show(self, rows: Sequence[DomainRow]) -> None:
        """Show other rows, the cursor where it was as far as it goes."""
        self.rows = list(rows)
        self.row = max(0, min(self.row, len(self.rows) - 1))
        self.refresh(layout=True)

    @property
    def first(self) -> int:
        """The first row that is shown."""
        return max(0, min(self.row - self.ROOM // 2, len(self.rows) - self.ROOM))

    @override
    def render(self) -> Content:
        shown = self.rows[self.first : self.first + self.ROOM]
        more = f"  ({len(self.rows)})" if len(self.rows) > len(shown) else ""
        lines = [Content.styled(f"{_('Domain') + more:<{_NAME_WIDTH}}{'SIP':<{_COLUMN}}XMPP", "dim")]
        lines += [self._line(self.first + at, entry) for at, entry in enumerate(shown)]
        return Content("\n").join(lines if shown else [*lines, Content.styled(_("none yet"), "dim")])

    def _line(self, at: int, entry: DomainRow) -> Content:
        here = self.has_focus and at == self.row
        name = to_unicode(entry.domain)
        name = name if len(name) < _NAME_WIDTH - 2 else f"{name[: _NAME_WIDTH - 4]}…"
        cells = [
            Content.styled(f"{self.marks.here if here else ' '} {name:<{_NAME_WIDTH - 2}}", "bold" if here else "")
        ]
        for column, value in enumerate((entry.sip, entry.xmpp)):
            mark = self.marks.ticked if value else self.marks.unticked
            cells.append(Content.styled(mark, "bold $text on $primary" if here and column == self.column else ""))
            cells.append(Content(" " * (_COLUMN - len(mark))))
        return Content("").join(cells)

    def action_move(self, step: int) -> None:
        """Go to another row."""
        if self.rows:
            self.row = max(0, min(self.row + step, len(self.rows) - 1))
            self.refresh(layout=True)

    def action_side(self) -> None:
        """Go to the other column."""
        self.column = 1 - self.column

    def action_tick(self) -> None:
        """Tick the box at the cursor, or no longer."""
        self._act("sip" if self.column == 0 else "xmpp")

    def action_remove(self) -> None:
        """Remove the domain at the cursor."""
        self._act("remove")

    def action_edit(self) -> None:
        """Edit the domain at the cursor."""
        self._act("edit")

    def _act(self, what: Literal["sip", "xmpp", "remove", "edit"]) -> None:
        if self.rows:
            self.post_message(self.Act(what, self.row))

    @override
    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.post_message(Entered())

    def on_click(self, event: events.Click) -> None:
        """Go to the row that was clicked; a click on a box ticks it."""
        row = self.first + event.y - 1
        if event.y < 1 or row >= len(self.rows):
            return
        self.row = row
        if event.x >= _NAME_WIDTH:
            self.column = 0 if event.x < _NAME_WIDTH + _COLUMN else 1
            self.action_tick()
