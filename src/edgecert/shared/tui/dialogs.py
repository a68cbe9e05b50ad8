"""Small windows in front of a page: a text to read, a line to type, a question; and what fields stand in."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar, cast

from textual import on
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static
from typing_extensions import override

from edgecert.shared.tui.fields import Entered, OrderedInput, Press
from edgecert.shared.words import _

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.await_complete import AwaitComplete
    from textual.binding import BindingType
    from textual.widget import Widget

    from edgecert.shared.tui.app import TerminalApp

T = TypeVar("T")


def field_row(label: str, control: Widget) -> Horizontal:
    """Give a field behind its label; a text field stands between brackets, so that one sees it without colours."""
    parts: list[Widget] = [Static(Content(label), classes="label")]
    if isinstance(control, OrderedInput):
        parts += [Static("[", classes="edge", markup=False), control, Static("]", classes="edge", markup=False)]
    else:
        parts.append(control)
    return Horizontal(*parts, classes="row")


def buttons(*presses: Press) -> Horizontal:
    """Give things to do in a line."""
    return Horizontal(*presses, classes="buttons")


class Dialog(ModalScreen[T], Generic[T]):
    """A small window in front of a page."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", _("Close"))]
    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog #window { width: 76; max-width: 96%; height: auto; max-height: 90%; padding: 0 1;
                     background: $surface; border: round $primary; }
    Dialog #text { height: auto; max-height: 1fr; }
    Dialog .buttons { height: 1; margin-top: 1; }
    Dialog .row { height: auto; }
    Dialog .edge { width: 1; }
    Dialog OrderedInput { width: 1fr; }
    Dialog .problem { color: $text-error; height: auto; }
    """

    def window(self, title: str, *children: Widget) -> Vertical:
        """Give the window around ``children``."""
        window = Vertical(*children, id="window")
        window.border_title = title
        return window

    def on_mount(self) -> None:
        """Let go what was typed ahead."""
        self._terminal.screen_is_there()

    def on_screen_resume(self) -> None:
        """The same when a window above has gone."""
        self._terminal.screen_is_there()

    @override
    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Close it with an answer; what was typed ahead goes to the screen behind it."""
        self._terminal.screen_goes()
        return super().dismiss(result)

    @property
    def _terminal(self) -> TerminalApp[object]:
        return cast("TerminalApp[object]", self.app)

    def action_close(self) -> None:
        """Close it without an answer."""
        _ = self.dismiss(None)


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
