"""Processing a pending request: what the CA sent, the chain being built, what is wrong with it, and taking it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static, TextArea
from typing_extensions import override

from edgecert.shared.errors import MaterialError
from edgecert.shared.names import to_unicode
from edgecert.shared.tui.dialogs import buttons, field_row
from edgecert.shared.tui.fields import OrderedInput, Press
from edgecert.shared.words import _
from edgecert.wizard.screens.frame import WizardScreen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.binding import BindingType
    from textual.widget import Widget

    from edgecert.interfaces import OpenRequest
    from edgecert.shared.errors import EdgecertError
    from edgecert.wizard.views import AnswerView

_PEM = "-----BEGIN"


class PendingScreen(WizardScreen):
    """A file or a paste in, a chain out."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+n", "next", _("Next"))]
    DEFAULT_CSS = """
    PendingScreen TextArea { height: 5; border: none; background: $surface; }
    PendingScreen #chain { height: auto; margin-top: 1; }
    """

    def __init__(self, requests: Sequence[OpenRequest]) -> None:
        """Process one of ``requests``; which one is found by its key."""
        super().__init__()
        self._requests = requests
        self._data = b""
        self._good = False

    @override
    def heading(self) -> str:
        return _("Process a pending request")

    @override
    def body(self) -> Iterable[Widget]:
        lines = [
            f"{self.wizard.marks.busy} {entry.lineage}  {entry.created_at:%Y-%m-%d}: {_names(entry)}"
            for entry in self._requests
        ]
        yield Static(Content("\n".join(lines[:4])), classes="intro")
        yield field_row(_("File"), OrderedInput(id="file", placeholder=_("PEM, DER, PKCS#7 or PKCS#12")))
        area = TextArea("", id="paste", show_line_numbers=False, tab_behavior="focus")
        area.border_title = _("or paste PEM")
        yield field_row(_("or paste PEM"), area)
        yield field_row(_("Chain file (if wanted)"), OrderedInput(id="extra"))
        yield Static("", id="chain")
        yield buttons(Press(_("Look at it"), id="look"), Press(_("Take it"), id="take"), Press(_("Back"), id="back"))

    @override
    def on_mount(self) -> None:
        self.query_one("#take").display = False
        self.query_one("#file").focus()
        self.say(
            _("Which request it answers is found by its key. Enter looks at it; nothing is taken before you say so.")
        )

    @on(TextArea.Changed)
    @on(OrderedInput.Changed)
    def changed(self) -> None:
        """What was looked at is no longer what is there."""
        self._good = False
        self.query_one("#take").display = False

    @on(Press.Pressed)
    def pressed(self, event: Press.Pressed) -> None:
        """Look, take, or go back."""
        event.stop()
        match event.press.id:
            case "look":
                self._look()
            case "take":
                self._take()
            case _:
                self.action_back()

    @override
    def action_next(self) -> None:
        if self._good:
            self._take()
        else:
            self._look()

    def _read(self, name: str) -> bytes:
        text = self.query_one(f"#{name}", OrderedInput).value.strip()
        if not text:
            return b""
        try:
            return Path(text).expanduser().read_bytes()
        except OSError as error:
            message = f"{text}: {error.strerror}"
            raise MaterialError(message, code="unreadable-file") from error

    def _look(self) -> None:
        try:
            pasted = self.query_one("#paste", TextArea).text
            self._data = self._read("file") or (pasted.encode() if _PEM in pasted else b"")
            extra = self._read("extra")
        except MaterialError as error:
            self._failed(error)
            return
        if not self._data:
            self.say(_("Name a file, or paste what begins with -----BEGIN CERTIFICATE-----"))
            return
        work, data = self.wizard.work, self._data
        self.wizard.run_aside(lambda: work.look_at_answer(data, extra), self._show, self._failed, name="look")

    def _show(self, view: AnswerView) -> None:
        from edgecert.wizard.describe import describe_chain  # noqa: PLC0415  # loads the certificate library

        if not self.is_attached:
            return
        marks = self.wizard.marks
        lines = (
            [f"{marks.done} {_('answers the request of {name}').format(name=view.request.lineage)}"]
            if view.request
            else []
        )
        lines += describe_chain(view.chain)
        if view.fault is not None:
            lines += [f"{marks.bad} {view.fault.message}", view.fault.hint]
        elif view.request is not None:
            lines.append(f"{marks.done} {_('the chain is whole and in order')}")
        lines += [f"{marks.warning} {note}" for note in view.notes]
        self.query_one("#chain", Static).update(Content("\n".join(line for line in lines if line)))
        self._good = view.fault is None
        take = self.query_one("#take", Press)
        take.display = self._good
        if self._good:
            take.focus()

    def _failed(self, error: EdgecertError) -> None:
        if self.is_attached:
            text = f"{self.wizard.marks.bad} {error.message}\n{error.hint}"
            self.query_one("#chain", Static).update(Content(text))

    def _take(self) -> None:
        try:
            extra = self._read("extra")
        except MaterialError as error:
            self._failed(error)
            return
        self.wizard.take_answer(self._data, extra)


def _names(request: OpenRequest) -> str:
    names = [to_unicode(name) for name in request.names]
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
