"""The last page before anything happens: all of it in one place, as a command and as a flags file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static
from typing_extensions import override

from edgecert.shared.names import to_unicode
from edgecert.shared.tui.dialogs import AskDialog, PromptDialog, TextDialog, buttons
from edgecert.shared.tui.fields import Press
from edgecert.shared.words import _, plural
from edgecert.wizard.authorities import authority_of
from edgecert.wizard.fields import label_of
from edgecert.wizard.screens.form import FormScreen
from edgecert.wizard.screens.rows import describe_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from textual.binding import BindingType
    from textual.widget import Widget

_WIDTH = 16
_NAMES_SHOWN = 5


class SummaryScreen(FormScreen):
    """Request summary."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "copy_command", _("Copy command"), show=False),
        Binding("f6", "save", _("Save"), show=False),
    ]
    DEFAULT_CSS = """
    SummaryScreen #facts { height: auto; text-wrap: nowrap; text-overflow: ellipsis; }
    SummaryScreen #command { height: auto; margin-top: 1; color: $text-muted; }
    """

    @override
    def body(self) -> Iterable[Widget]:
        yield Static(Content("\n".join(self._facts())), id="facts")
        yield buttons(*self._go())
        yield buttons(
            Press(_("Save flags file"), id="save"),
            Press(_("View flags file"), id="file"),
            Press(_("Copy command"), id="copy"),
            Press(_("Back"), id="back"),
        )
        yield Static(Content(f"{_('The same as a command')}:\n{self.session.command()}"), id="command")

    def _go(self) -> Iterator[Press]:
        match self.session.value("issuer.kind"):
            case "csr":
                yield Press(_("Make key and request"), id="issue")
            case "acme" if not self.wizard.tried:
                yield Press(_("Test run, spends nothing"), id="try")
                yield Press(_("Issue now"), id="issue")
            case _:
                yield Press(_("Issue now"), id="issue")
                yield Press(_("Test run"), id="try")

    @override
    def on_mount(self) -> None:
        self.query(Press).first().focus()
        problems = self.session.problems()
        if problems:
            mark = self.wizard.marks.bad
            self.say("\n".join(f"{mark} {problem.key}: {problem.message}" for problem in problems[:4]))
        else:
            self.say(self._about_trying())

    def _about_trying(self) -> str:
        if self.session.value("issuer.kind") != "acme":
            return _("Nothing has been sent or written yet.")
        known = authority_of(str(self.session.value("issuer.directory")))
        if known is not None and known.staging:
            return _("The test run asks the CA's directory for tests: it uses up no limit, and nothing of it is kept.")
        return _("This CA has no directory for tests: the test run looks at everything but asks for nothing.")

    def _facts(self) -> Iterator[str]:
        session, marks = self.session, self.wizard.marks
        plan = session.plan()
        kind = str(session.value("issuer.kind"))
        yield _row(
            _("Certificate"), f"{session.value('certificate.name')}  {session.value('certificate.friendly_name')}"
        )
        if session.value("certificate.name") in self.wizard.known:
            yield _row("", f"{marks.warning} {_('is there already: this becomes its next generation')}")
        yield _row(_("For"), self.choice_text("certificate.role", str(session.value("certificate.role"))))
        yield _row(_("Authority"), self._authority(kind))
        exportable = _("exportable") if session.value("certificate.exportable") else _("not exportable")
        key = f"{session.value('certificate.key_algorithm')} {session.text('certificate.bit_length')}, {exportable}"
        yield _row(_("Key"), key)
        given = [
            str(session.value(f"subject.{name}"))
            for name in ("organization", "organizational_unit", "locality", "state", "country")
        ]
        if subject := ", ".join(text for text in given if text):
            note = f"  {marks.warning} {_('a public CA takes none of it')}" if kind == "acme" else ""
            yield _row(_("Subject"), subject + note)
        names = [to_unicode(name.text) for name in plan.names]
        shown = (
            names
            if len(names) <= _NAMES_SHOWN
            else [*names[: _NAMES_SHOWN - 1], _("and {count} more").format(count=len(names) - _NAMES_SHOWN + 1)]
        )
        for index, name in enumerate(shown):
            yield _row(_("Names") if index == 0 else "", name)
        if len(plan.certificates) > 1:
            yield _row("", plural("in {count} certificate", "in {count} certificates", len(plan.certificates)))
        targets = [describe_row("deploy", row) for row in session.rows("deploy")]
        for index, target in enumerate(targets or [_("nowhere yet")]):
            yield _row(_("Served at") if index == 0 else "", target)
        for finding in [finding for finding in plan.findings if finding.code != "subject-not-sent"][:2]:
            yield _row("", f"{marks.warning} {finding.message}")

    def _authority(self, kind: str) -> str:
        if kind == "acme":
            directory = str(self.session.value("issuer.directory"))
            known = authority_of(directory)
            return f"{known.name}: {directory}" if known else directory
        if kind == "csr":
            return f"{label_of('issuer.request_file')}: {self.session.value('issuer.request_file')}"
        return _("the built-in CA, valid for {validity}").format(validity=self.session.value("issuer.validity"))

    # --- what is done --------------------------------------------------------------------------------

    @on(Press.Pressed)
    def pressed(self, event: Press.Pressed) -> None:
        """Do it."""
        event.stop()
        match event.press.id:
            case "issue" | "try":
                self._begin(trial=event.press.id == "try")
            case "save":
                self.action_save()
            case "file":
                same = f"# {_('The same as a command')}:\n# {self.session.command()}"
                self.wizard.open_screen(TextDialog(_("Flags file"), f"{self.session.flags_file()}\n{same}"))
            case "copy":
                self.action_copy_command()
            case _:
                self.action_back()

    @override
    def action_next(self) -> None:
        self._begin(trial=False)

    def _begin(self, *, trial: bool) -> None:
        problems = self.session.problems()
        if problems:
            mark = self.wizard.marks.bad
            self.say("\n".join(f"{mark} {problem.key}: {problem.message}" for problem in problems[:4]))
            return
        self.wizard.issue(trial=trial)

    def action_copy_command(self) -> None:
        """Copy the command."""
        self.app.copy_to_clipboard(self.session.command())
        self.say(f"{self.wizard.marks.done} {_('Copied, where the terminal allows it.')}")

    def action_save(self) -> None:
        """Write the flags file."""
        name = f"{self.session.value('certificate.name')}.toml"
        self.wizard.open_screen(PromptDialog(_("Save flags file"), _("File:"), name, yes=_("Save")), self._save)

    def _save(self, text: str | None) -> None:
        if not text:
            return
        file = Path(text).expanduser()
        if file.exists():
            question = _("{file} is there already. Write over it?").format(file=file)
            answers = [("no", _("Keep it")), ("yes", _("Write over it"))]
            self.wizard.open_screen(
                AskDialog(_("Save flags file"), question, answers),
                lambda answer: self._write(file) if answer == "yes" else None,
            )
        else:
            self._write(file)

    def _write(self, file: Path) -> None:
        message = self.wizard.save_flags_file(file)
        self.say(message)


def _row(label: str, value: str) -> str:
    return f"{label:>{_WIDTH}}  {value}"
