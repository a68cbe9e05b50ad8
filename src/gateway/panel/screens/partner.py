"""A partner: the seed's fields, what TLS, SASL and dialback allow while one chooses, and the difference at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import on
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Input, Static
from typing_extensions import override

from edgecert.shared.schema import KeyKind
from edgecert.shared.tui.dialogs import AskDialog, TextDialog, buttons, field_row
from edgecert.shared.tui.fields import Choice, Entered, OrderedInput, Press, Tick
from edgecert.shared.words import _
from gateway.model.answers import objects
from gateway.panel.partnerform import KEYS, LABELS, warnings_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.widget import Widget

    from edgecert.shared.errors import EdgecertError
    from edgecert.shared.jsonvalue import JsonObject
    from gateway.panel.app import PanelApp
    from gateway.panel.partnerform import PartnerForm

_HINTS: Final[Mapping[str, str]] = {
    "domain": _("such as fabrikam.com"),
    "additional_domains": _("such as fabrikam.net, sales.fabrikam.com"),
    "connection_limit": _("the gateway's"),
    "proxy": _("none"),
}


class PartnerScreen(Screen[None]):
    """The page of one partner."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "commit", _("Commit")),
        Binding("f1", "help", _("Help")),
        Binding("escape", "back", _("Back")),
    ]
    DEFAULT_CSS = """
    PartnerScreen { layout: vertical; }
    PartnerScreen #heading { height: 1; background: $primary; color: $text; text-style: bold; padding: 0 1; }
    PartnerScreen #body { height: 1fr; padding: 1 1 0 1; scrollbar-size-vertical: 1; }
    PartnerScreen .row { height: auto; }
    PartnerScreen .label { width: 19; text-align: right; padding-right: 1; }
    PartnerScreen .edge { width: 1; color: $text-muted; }
    PartnerScreen OrderedInput { width: 1fr; }
    PartnerScreen .buttons { height: 1; margin-top: 1; }
    PartnerScreen #verdict { height: auto; min-height: 3; max-height: 6; padding: 0 1; background: $surface; }
    """

    def __init__(self, form: PartnerForm) -> None:
        """Fill ``form``."""
        super().__init__()
        self.form = form

    @property
    def panel(self) -> PanelApp:
        """The application."""
        return cast("PanelApp", self.app)

    @override
    def compose(self) -> ComposeResult:
        before = self.form.before
        title = _("New partner") if before is None else _("Partner {domain}").format(domain=before["domain"])
        yield Static(Content(title), id="heading")
        with VerticalScroll(id="body", can_focus=False):
            yield from self._fields()
            yield buttons(Press(_("Commit …"), id="commit"), Press(_("Back"), id="back"))
        yield Static("", id="verdict")
        yield Footer(compact=True, show_command_palette=False)

    def _fields(self) -> Iterable[Widget]:
        marks = self.panel.marks
        for name, label in LABELS.items():
            key = KEYS[name]
            if key.kind is KeyKind.BOOLEAN:
                text = _(key.spec.help).partition(";")[0]  # the rest is for F1
                yield field_row(label, Tick(text, self.form.ticked(name), marks=marks, id=name))
            elif key.choices:
                options = [(str(word), str(word)) for word in key.choices]
                yield field_row(label, Choice(options, self.form.text(name), flat=True, marks=marks, id=name))
            else:
                yield field_row(label, OrderedInput(self.form.text(name), placeholder=_HINTS.get(name, ""), id=name))

    def on_mount(self) -> None:
        """Begin at the first field that is to be filled."""
        first = "#domain" if self.form.before is None else "#type"
        self.query_one(first).focus()
        self.show()
        self.panel.screen_is_there()

    def on_screen_resume(self) -> None:
        """A window above has gone."""
        self.panel.screen_is_there()

    # --- answers

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        """Take what was typed."""
        self._answer(event.input.id or "", event.value)

    @on(Choice.Changed)
    def chose(self, event: Choice.Changed) -> None:
        """Take what was chosen; a federated partner needs no dialback unless one says so."""
        self._answer(event.choice.id or "", event.choice.value)
        self.query_one("#dialback", Tick).value = self.form.ticked("dialback")

    @on(Tick.Changed)
    def ticked(self, event: Tick.Changed) -> None:
        """Take a tick."""
        self._answer(event.tick.id or "", event.tick.value)

    def _answer(self, key: str, value: str | bool) -> None:  # an answer is a text or a tick
        self.form.answer(key, value)
        self.show()

    def show(self) -> None:
        """Show what the knobs lead to."""
        verdict = self.form.verdict()
        word = _("Refused") if verdict.state == "bad" else _("Methods")
        lines = [f"{self.panel.mark(verdict.state)} {word}: {verdict.methods}"]
        self.query_one("#verdict", Static).update(Content("\n".join([*lines, *verdict.messages])))

    def on_entered(self, event: Entered) -> None:
        """Enter goes on to the next field."""
        event.stop()
        self.focus_next()

    @on(Press.Pressed)
    def pressed(self, event: Press.Pressed) -> None:
        """Commit, or go back."""
        event.stop()
        if event.press.id == "commit":
            self.action_commit()
        else:
            self.action_back()

    def action_back(self) -> None:
        """Go back; what was not committed is not done."""
        self.panel.close_screen()

    def action_help(self) -> None:
        """Show what the field with the focus is for."""
        name = (self.focused.id or "") if self.focused is not None else ""
        key = KEYS.get(name)
        about = [LABELS[name], _(key.spec.help), ""] if key is not None else []
        text = "\n".join(
            (
                *about,
                _("Arrows or Space choose and tick; Tab and Enter go on; Ctrl+S commits; Escape leaves all as it is."),
                _("The line below says which methods TLS, SASL and dialback leave, and what to know of them."),
            )
        )
        self.panel.open_screen(TextDialog(_("Help"), text))

    # --- commit

    def action_commit(self) -> None:
        """Show what would change, from the gateway's own mouth; ask; then do it."""
        problems = self.form.problems(self.panel.session.partners)
        if problems:
            verdict = self.query_one("#verdict", Static)
            verdict.update(Content("\n".join(f"{self.panel.marks.bad} {problem}" for problem in problems)))
            return
        panel, form = self.panel, self.form

        def look() -> tuple[Sequence[JsonObject], JsonObject]:
            now = objects(panel.desk.look().get("partners"))
            return now, panel.desk.apply_partners(form.table(now), dry_run=True)

        panel.run_aside(look, self._looked, self._refused, name="commit")

    def _refused(self, error: EdgecertError) -> None:
        if self.is_attached:
            text = "\n".join(part for part in (error.message, error.hint) if part)
            self.query_one("#verdict", Static).update(Content(f"{self.panel.marks.bad} {text}"))

    def _looked(self, came: tuple[Sequence[JsonObject], JsonObject]) -> None:
        if not self.is_attached:
            return
        now, answer = came
        lines, partner = self.form.difference(now), self.form.to_json()
        if not lines:
            self.notify(_("Nothing is changed."))
            self.action_back()
            return
        if self.form.changed_meanwhile(now):
            lines.insert(0, _("Somebody else has changed this partner meanwhile; this is what it would become:"))
        lines += [f"{self.panel.marks.warning} {text}" for text in warnings_of(answer, partner["domain"])]
        if self.form.before is not None and self.form.before.get("domain") != partner["domain"]:
            lines.append(_("The primary domain changes: streams of the old one are closed."))
        answers = [("yes", _("Commit")), ("no", _("Back"))]
        self.panel.open_screen(
            AskDialog(_("Commit"), "\n".join(lines), answers), lambda word: self._answered(word, now)
        )

    def _answered(self, word: str | None, shown: Sequence[JsonObject]) -> None:
        """Commit what was shown, whatever others have done beside it; what has become another change is asked anew."""
        if word != "yes":
            return
        panel, form = self.panel, self.form
        partner, before = form.to_json(), form.before
        renamed = before is not None and before.get("domain") != partner["domain"]

        def commit() -> tuple[Sequence[JsonObject], JsonObject] | None:
            now = objects(panel.desk.look().get("partners"))
            if form.difference(now) != form.difference(shown) or form.problems(now):
                return now, panel.desk.apply_partners(form.table(now), dry_run=True)
            if renamed:
                panel.desk.apply_partners(form.table(now), dry_run=False)
            else:
                panel.desk.put_partner(partner)
            return None

        def done(otherwise: tuple[Sequence[JsonObject], JsonObject] | None) -> None:
            if otherwise is not None:
                self._looked(otherwise)
                return
            panel.notify(_("{domain} is live.").format(domain=partner["domain"]), title=panel.marks.done, markup=False)
            panel.look()
            if self.is_attached:
                self.action_back()

        panel.run_aside(commit, done, self._refused, name="commit")
