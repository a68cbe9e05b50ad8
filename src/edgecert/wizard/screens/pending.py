"""Processing a pending request: what the CA sent, the chain being built, what is wrong with it, and taking it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.binding import Binding
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static, TextArea
from typing_extensions import override

from edgecert.shared.errors import MaterialError
from edgecert.shared.names import to_unicode
from edgecert.shared.secret import Secret
from edgecert.shared.tui.dialogs import buttons, field_row
from edgecert.shared.tui.fields import Choice, OrderedInput, Press
from edgecert.shared.words import _
from edgecert.wizard.screens.frame import WizardScreen
from edgecert.wizard.views import AnswerGiven

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual import events
    from textual.binding import BindingType

    from edgecert.interfaces import OpenRequest
    from edgecert.shared.errors import EdgecertError
    from edgecert.wizard.views import AnswerView

_PEM: Final = "-----BEGIN"
_PASSWORDS: Final = ("password-needed", "wrong-password")


class FileInput(OrderedInput):
    """A field for the name of a file; what is pasted into it and is PEM goes where PEM is pasted."""

    @override
    def _on_paste(self, event: events.Paste) -> None:
        if _PEM not in event.text:
            return
        event.stop()
        event.prevent_default()
        area = self.screen.query_one("#paste", TextArea)
        area.text = event.text
        area.move_cursor(area.document.end)
        area.focus()


class PendingScreen(WizardScreen):
    """A file or a paste in, a chain out."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+n", "next", _("Next"))]
    DEFAULT_CSS = """
    PendingScreen TextArea, PendingScreen TextArea:focus { height: 5; border: none; background: $surface; }
    PendingScreen #chain { height: auto; margin-top: 1; }
    """

    def __init__(self, requests: Sequence[OpenRequest]) -> None:
        """Process one of ``requests``: the one that is picked, or whichever has the key."""
        super().__init__()
        self._requests = requests
        self._given = AnswerGiven(b"")
        self._good = False
        self._accept_names = False

    @override
    def heading(self) -> str:
        return _("Process a pending request")

    @override
    def body(self) -> Iterable[Widget]:
        lines = [
            (entry.id, f"{entry.lineage}  {entry.created_at:%Y-%m-%d}: {_names(entry)}") for entry in self._requests
        ]
        if len(lines) == 1:
            yield Static(Content(f"{self.wizard.marks.busy} {lines[0][1]}"), classes="intro")
        else:
            lines.insert(0, ("", _("whichever has the key of what is given")))
            yield field_row(_("Request"), Choice(lines, marks=self.wizard.marks, id="request"))
        yield field_row(_("File"), FileInput(id="file", placeholder=_("PEM, DER, PKCS#7 or PKCS#12")))
        area = TextArea("", id="paste", show_line_numbers=False, soft_wrap=False, tab_behavior="focus")
        yield field_row(_("or paste PEM"), area)
        yield field_row(_("Chain file (if wanted)"), OrderedInput(id="extra"))
        yield field_row(_("Password of the file"), OrderedInput(id="password", password=True))
        yield Static("", id="chain")
        yield buttons(Press(_("Look at it"), id="look"), Press(_("Take it"), id="take"), Press(_("Back"), id="back"))

    @override
    def on_mount(self) -> None:
        self.query_one("#take").display = False
        self._ask_password(wanted=False)
        self.query_one("#file").focus()
        self.say(
            _("Enter looks at it: whose answer it is, whether the chain is whole. Nothing is taken before you say so.")
        )

    @on(TextArea.Changed)
    @on(OrderedInput.Changed)
    @on(Choice.Changed)
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
            given = self._read_all()
        except MaterialError as error:
            self._failed(error)
            return
        if not given.data:
            self.say(_("Name a file, or paste what begins with -----BEGIN CERTIFICATE-----"))
            return
        self._given = given
        work = self.wizard.work
        self.wizard.run_aside(lambda: work.look_at_answer(given), self._show, self._failed, name="look")

    def _read_all(self) -> AnswerGiven:
        """Give what is on the page.

        Raises:
            MaterialError: a file cannot be read.
        """
        pasted = self.query_one("#paste", TextArea).text
        picked = [choice.value for choice in self.query("#request").results(Choice)]
        password = self.query_one("#password", OrderedInput).value
        return AnswerGiven(
            self._read("file") or (pasted.encode() if _PEM in pasted else b""),
            self._read("extra"),
            Secret(password.encode()) if password else None,
            picked[0] if picked else "",
        )

    def _ask_password(self, *, wanted: bool) -> None:
        control = self.query_one("#password", OrderedInput)
        row = control.parent
        if isinstance(row, Widget):
            row.display = wanted
        if wanted:
            control.focus()

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
        lines += [f"{marks.warning} {note}" for note in (*view.other_names, *view.notes)]
        self.query_one("#chain", Static).update(Content("\n".join(line for line in lines if line)))
        self._good = view.fault is None
        self._accept_names = bool(view.other_names)
        take = self.query_one("#take", Press)
        take.text = _("Take it with these names") if view.other_names else _("Take it")
        take.refresh(layout=True)
        take.display = self._good
        if view.other_names:  # Enter alone does not take what was not asked for
            self.query_one("#back").focus()
        elif self._good:
            take.focus()
        if view.fault is not None and view.fault.code in _PASSWORDS:
            self._ask_password(wanted=True)

    def _failed(self, error: EdgecertError) -> None:
        if self.is_attached:
            text = f"{self.wizard.marks.bad} {error.message}\n{error.hint}"
            self.query_one("#chain", Static).update(Content(text))

    def _take(self) -> None:
        self.wizard.take_answer(self._given, accept_names=self._accept_names)


def _names(request: OpenRequest) -> str:
    names = [to_unicode(name) for name in request.names]
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
