"""Pages that are forms: a row for each key, its help below while it has the focus, what is wrong beneath it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static
from typing_extensions import override

from edgecert.model.flagnames import environment_name
from edgecert.shared.names import to_unicode
from edgecert.shared.schema import KeyKind
from edgecert.shared.tui.dialogs import field_row
from edgecert.shared.tui.fields import Choice, OrderedInput, Tick
from edgecert.shared.words import _
from edgecert.wizard.fields import Page, find_field, page_title, page_word
from edgecert.wizard.screens.frame import WizardScreen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.binding import BindingType
    from textual.events import DescendantFocus
    from textual.widget import Widget

    from edgecert.shared.errors import ConfigProblem
    from edgecert.wizard.fields import Field
    from edgecert.wizard.session import WizardSession

_FLAT_CHOICES: Final = 60
_ORDER: Final = {"issuer.kind": ("local", "acme", "csr")}


class FieldControl:
    """The part of a control that knows its key."""

    path: str = ""


class TextControl(OrderedInput, FieldControl):
    """A text field for a key."""


class ChoiceControl(Choice, FieldControl):
    """One of the values of a key."""


class TickControl(Tick, FieldControl):
    """A key that is true or false."""


class FormScreen(WizardScreen):
    """A page of the request: the fields of the session's page."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n", "next", _("Next")),
        Binding("ctrl+z", "undo", _("Undo")),
        Binding("ctrl+y", "redo", _("Redo"), show=False),
        Binding("f3", "advanced", _("Advanced")),
    ]
    page: Page | None = None

    @property
    def session(self) -> WizardSession:
        """What is answered."""
        return self.wizard.session

    @override
    def heading(self) -> str:
        return page_title(self.session.page)

    @override
    def crumbs(self) -> str:
        marks, pages = self.wizard.marks, self.session.pages
        at = pages.index(self.session.page)
        signs = [
            marks.done if index < at else marks.here if index == at else marks.ahead for index in range(len(pages))
        ]
        return "   ".join(f"{sign} {page_word(page)}" for sign, page in zip(signs, pages, strict=True))

    def fields(self) -> Sequence[Field]:
        """Give the keys that are asked for here."""
        return self.session.fields(self.session.page)

    @override
    def body(self) -> Iterable[Widget]:
        for entry in self.fields():
            yield from self.rows_for(entry)

    def rows_for(self, entry: Field) -> Iterable[Widget]:
        """Give the row of a field, and the line beneath it for what is wrong."""
        control = self.control_for(entry)
        yield field_row("" if isinstance(control, TickControl) else entry.label, control)
        yield Static(Content(self.session.message(entry.path)), classes="problem", id=_problem_id(entry.path))

    def control_for(self, entry: Field) -> TextControl | ChoiceControl | TickControl:
        """Give the control that holds the key."""
        marks, path = self.wizard.marks, entry.path
        control: TextControl | ChoiceControl | TickControl
        if entry.key.kind is KeyKind.BOOLEAN:
            control = TickControl(entry.label, bool(self.session.value(path)), marks=marks)
        elif choices := self.session.choices(path):
            options = [(choice, self.choice_text(path, choice)) for choice in _ORDER.get(path, choices)]
            flat = sum(len(text) + 7 for _value, text in options) < _FLAT_CHOICES
            control = ChoiceControl(options, self.session.text(path), flat=flat, marks=marks)
        else:
            control = TextControl(self.session.text(path))
        control.path = path
        return control

    def choice_text(self, path: str, value: str) -> str:
        """Give a value in words."""
        return _CHOICES().get((path, value), value or _("not set"))

    # --- what is said and taken ------------------------------------------------------------------------

    @on(OrderedInput.Changed)
    def take_text(self, event: OrderedInput.Changed) -> None:
        """Take what is typed, letter by letter."""
        control = event.input
        if isinstance(control, TextControl) and control.value != self.session.text(control.path):
            self.session.answer_text(control.path, control.value)
            self.answered(control.path)

    @on(Choice.Changed)
    def take_choice(self, event: Choice.Changed) -> None:
        """Take what is chosen."""
        control = event.choice
        if isinstance(control, ChoiceControl):
            self.session.answer_text(control.path, control.value)
            self.answered(control.path)

    @on(Tick.Changed)
    def take_tick(self, event: Tick.Changed) -> None:
        """Take what is ticked."""
        control = event.tick
        if isinstance(control, TickControl):
            self.session.answer(control.path, control.value)
            self.answered(control.path)

    def answered(self, path: str) -> None:
        """Show what follows from an answer."""
        self.show_message(path, self.session.message(path))
        self.say(self.hint_for(path))
        if path in ("certificate.key_algorithm",):
            self.call_later(self.rebuild)

    def show_message(self, path: str, message: str) -> None:
        """Show what is wrong with a field, or that nothing is."""
        for line in self.query(f"#{_problem_id(path)}").results(Static):
            line.update(Content(f"{self.wizard.marks.warning} {message}" if message else ""))
            line.set_class(bool(message), "-shown")

    @override
    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Show the help of the field that has the focus now."""
        control = event.widget
        if isinstance(control, FieldControl):
            self.say(self.hint_for(control.path))

    def hint_for(self, path: str) -> str:
        """Give what is said below the page while a field has the focus."""
        return find_field(path).help

    @override
    def field_help(self) -> list[str]:
        control = self.focused
        if not isinstance(control, FieldControl):
            return []
        entry = find_field(control.path)
        default = entry.key.default
        lines = [entry.label, f"  {entry.help}", "", f"  {_('In the flags file')}:  {entry.path}"]
        if "[" not in entry.path:
            lines.append(f"  {_('In the environment')}: {environment_name(entry.path)}")
        if default not in ("", (), None):
            lines.append(f"  {_('Default')}: {default}")
        return lines

    # --- moving ----------------------------------------------------------------------------------------

    @override
    def action_next(self) -> None:
        problems = self.session.next()
        self.wizard.keep_draft()
        if problems:
            self.show_problems(problems)
        else:
            self.wizard.show_page()

    def show_problems(self, problems: Sequence[ConfigProblem]) -> None:
        """Show what keeps the page from being left, and go to the first field that is wrong."""
        for problem in problems:
            self.show_message(problem.key, problem.message)
        mark = self.wizard.marks.warning
        self.say("\n".join(f"{mark} {to_unicode(problem.message)}" for problem in problems[:3]))
        keys = [problem.key for problem in problems]
        for control in self.query("*"):
            if isinstance(control, FieldControl) and control.path in keys:
                control.focus()
                self.call_after_refresh(self.say, "\n".join(f"{mark} {problem.message}" for problem in problems[:3]))
                return

    @override
    def action_back(self) -> None:
        if self.session.back():
            self.wizard.keep_draft()
            self.wizard.show_page()
        else:
            self.wizard.keep_draft()
            self.wizard.show_tasks()

    def action_undo(self) -> None:
        """Take back the last change."""
        if self.session.undo():
            self.after_undo()
            self._say_turned(_("Taken back: {what}"))
        else:
            self.say(_("There is nothing to undo."))

    def action_redo(self) -> None:
        """Do again what was taken back."""
        if self.session.redo():
            self.after_undo()
            self._say_turned(_("Done again: {what}"))

    def _say_turned(self, text: str) -> None:
        """Say what was taken back or done again: it may be on a page that is not shown."""
        self.notify(text.format(what=", ".join(self.session.turned)), timeout=3, markup=False)

    def after_undo(self) -> None:
        """Show the page as it is now."""
        if self.page is not None and self.session.page != self.page:
            self.wizard.show_page()
        else:
            self.call_later(self.rebuild)

    def action_advanced(self) -> None:
        """Show every other key."""
        from edgecert.wizard.screens.advanced import AdvancedScreen  # noqa: PLC0415  # only where it is wanted

        self.wizard.open_screen(AdvancedScreen())

    async def rebuild(self) -> None:
        """Make the body anew, the focus where it was."""
        before = self.focused
        path: str = getattr(before, "path", "")
        name = before.id if before is not None else None
        body = self.query_one("#body", VerticalScroll)
        await body.remove_children()
        await body.mount_all(list(self.body()))
        for control in self.query("*"):
            same = control.path == path if isinstance(control, FieldControl) else bool(name) and control.id == name
            if same:
                control.focus()
                return


def _problem_id(path: str) -> str:
    return "problem-" + "".join(letter if letter.isalnum() else "-" for letter in path)


def _CHOICES() -> dict[tuple[str, str], str]:  # noqa: N802  # a table, made when the language is known
    return {
        ("certificate.role", "external-edge"): _("External edge: faces the internet"),
        ("certificate.role", "internal-edge"): _("Internal edge: faces your own servers"),
        ("issuer.kind", "local"): _("Now, from the CA built in here: trials, own hosts"),
        ("issuer.kind", "acme"): _("Now, from a CA on the network that speaks ACME"),
        ("issuer.kind", "csr"): _("Prepare the request now, but send it later"),
    }
