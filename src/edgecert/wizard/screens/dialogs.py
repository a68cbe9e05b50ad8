"""Small windows: a text to read, a line to type, a question."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static
from typing_extensions import override

from edgecert.shared.tui.fields import Entered, OrderedInput, Press
from edgecert.shared.words import _
from edgecert.wizard.screens.frame import Dialog, buttons

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType


class TextDialog(Dialog[None]):
    """A text to read, and to copy."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "close", show=False)]

    def __init__(self, title: str, text: str) -> None:
        """Show ``text`` below ``title``."""
        super().__init__()
        self._title = title
        self._text = text

    @override
    def compose(self) -> ComposeResult:
        text = VerticalScroll(Static(Content(self._text), id="content"), id="text")
        yield self.window(self._title, text, buttons(Press(_("Close"), id="close"), Press(_("Copy"), id="copy")))

    @override
    def on_mount(self) -> None:
        self.query_one("#close").focus()

    @on(Press.Pressed)
    def pressed(self, event: Press.Pressed) -> None:
        """Close it, or copy the text."""
        event.stop()
        if event.press.id == "copy":
            self.app.copy_to_clipboard(self._text)
            self.notify(_("Copied, where the terminal allows it."))
        else:
            self.action_close()


class PromptDialog(Dialog[str]):
    """A line to type; nothing comes back when it is closed."""

    def __init__(self, title: str, question: str, value: str = "", *, yes: str = "") -> None:
        """Ask ``question``, with ``value`` there already."""
        super().__init__()
        self._title = title
        self._question = question
        self._value = value
        self._yes = yes or _("OK")

    @override
    def compose(self) -> ComposeResult:
        field = Horizontal(
            Static("[", classes="edge", markup=False),
            OrderedInput(self._value, id="line"),
            Static("]", classes="edge", markup=False),
            classes="row",
        )
        yield self.window(
            self._title,
            Static(Content(self._question), id="content"),
            field,
            buttons(Press(self._yes, id="yes"), Press(_("Cancel"), id="no")),
        )

    @override
    def on_mount(self) -> None:
        self.query_one("#line").focus()

    def on_entered(self, event: Entered) -> None:
        """Enter takes the line."""
        event.stop()
        self._answer()

    @on(Press.Pressed)
    def pressed(self, event: Press.Pressed) -> None:
        """Take the line, or not."""
        event.stop()
        if event.press.id == "yes":
            self._answer()
        else:
            self.action_close()

    def _answer(self) -> None:
        _ = self.dismiss(self.query_one("#line", OrderedInput).value.strip())


class AskDialog(Dialog[str]):
    """A question with a few answers; the first is the one that Enter gives."""

    def __init__(self, title: str, text: str, answers: list[tuple[str, str]]) -> None:
        """Offer ``answers`` (value, text)."""
        super().__init__()
        self._title = title
        self._text = text
        self._answers = answers

    @override
    def compose(self) -> ComposeResult:
        presses = [Press(text, id=f"answer-{value}") for value, text in self._answers]
        yield self.window(self._title, Static(Content(self._text), id="content"), buttons(*presses))

    @override
    def on_mount(self) -> None:
        self.query(Press).first().focus()

    @on(Press.Pressed)
    def pressed(self, event: Press.Pressed) -> None:
        """Give the answer."""
        event.stop()
        _ = self.dismiss((event.press.id or "").removeprefix("answer-"))
