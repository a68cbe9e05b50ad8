"""What came of it: certificate or request, where it lies, until when, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.content import Content
from textual.widgets import Static
from typing_extensions import override

from edgecert.shared.dates import parse_when
from edgecert.shared.errors import UsageError
from edgecert.shared.tui.dialogs import PromptDialog, TextDialog, buttons
from edgecert.shared.tui.fields import Press
from edgecert.shared.words import _
from edgecert.wizard.screens.frame import WizardScreen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget


class ResultScreen(WizardScreen):
    """A result: lines, things to view, and what is next for the certificates named."""

    def __init__(
        self,
        title: str,
        lines: Sequence[str],
        *,
        views: Sequence[tuple[str, str]] = (),
        deployable: Sequence[str] = (),
        next_hint: str = "",
        trial: bool = False,
        go_on: bool = False,
    ) -> None:
        """Show ``lines``; ``views`` are (title, text) to look at; ``deployable`` can be put into service now.

        ``trial`` leads back to the summary; ``go_on`` is about a request that waits and can be gone on with.
        """
        super().__init__()
        self._title = title
        self._lines = lines
        self._views = list(views)
        self._deployable = list(deployable)
        self._next_hint = next_hint
        self._trial = trial
        self._go_on = go_on

    @override
    def heading(self) -> str:
        return self._title

    @override
    def body(self) -> Iterable[Widget]:
        yield Static(Content("\n".join(self._lines)), id="lines")
        actions = []
        if self._trial:
            actions.append(Press(_("Back to the summary"), id="back"))
        elif self._go_on:
            actions.append(Press(_("They are there: go on"), id="again"))
        elif self._deployable:
            actions += [Press(_("Deploy now"), id="deploy"), Press(_("At a date"), id="stage")]
        if not self._trial:
            actions.append(Press(_("Done"), id="done"))
        yield buttons(*actions)
        views = [
            Press(_("View {what}").format(what=title), id=f"view-{at}") for at, (title, _text) in enumerate(self._views)
        ]
        yield buttons(*views, Press(_("View log"), id="log"))

    @override
    def on_mount(self) -> None:
        self.query(Press).first().focus()
        self.say(self._next_hint)

    @on(Press.Pressed)
    def pressed(self, event: Press.Pressed) -> None:
        """Do what is next."""
        event.stop()
        word, _dash, number = (event.press.id or "").partition("-")
        match word:
            case "deploy":
                self.wizard.deploy(self._deployable)
            case "stage":
                question = _("When? 2026-12-01T03:00:00Z, or in local time 2026-12-01 03:00")
                self.wizard.open_screen(PromptDialog(_("At a date"), question, yes=_("Stage")), self._stage)
            case "view":
                title, text = self._views[int(number)]
                self.wizard.open_screen(TextDialog(title, text))
            case "log":
                self.wizard.open_screen(TextDialog(_("Log"), self.wizard.log_text()))
            case "back":
                self.action_back()
            case "again":
                self.wizard.close_screen()
                self.wizard.issue(trial=False)
            case _:
                self.wizard.show_tasks()

    def _stage(self, text: str | None) -> None:
        if not text:
            return
        try:
            when = parse_when(text)
        except UsageError as error:
            self.say(f"{self.wizard.marks.bad} {error.message}; {error.hint}")
            return
        self.wizard.stage(self._deployable, when)

    @override
    def action_back(self) -> None:
        if self._trial:
            self.wizard.close_screen()
        else:
            self.wizard.show_tasks()

    @override
    def action_next(self) -> None:
        self.action_back()
