"""Asking the DNS what the edge looks like, and taking what it proposes."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import on
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static
from typing_extensions import override

from edgecert.shared.names import NameProblem, normalise_domain, to_unicode
from edgecert.shared.tui.dialogs import Dialog, buttons
from edgecert.shared.tui.fields import Entered, OrderedInput, Press
from edgecert.shared.words import _

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from edgecert.model.discovery import Discovery
    from edgecert.shared.errors import EdgecertError
    from edgecert.wizard.app import WizardApp


class DiscoverDialog(Dialog[bool]):
    """Domains in, a topology out: shown with its reasons before it is taken."""

    _found: Discovery | None = None

    @property
    def wizard(self) -> WizardApp:
        """The application."""
        return cast("WizardApp", self.app)

    @override
    def compose(self) -> ComposeResult:
        known = ", ".join(to_unicode(row.domain) for row in self.wizard.session.domains)
        field = Horizontal(
            Static("[", classes="edge", markup=False),
            OrderedInput(known, placeholder="contoso.com, fabrikam.com", id="line"),
            Static("]", classes="edge", markup=False),
            classes="row",
        )
        yield self.window(
            _("Discover"),
            Static(_("Which domains? The DNS is asked for their SRV, address and CAA records.")),
            field,
            VerticalScroll(Static("", id="found"), id="text", can_focus=False),
            buttons(Press(_("Ask"), id="ask"), Press(_("Take it"), id="take"), Press(_("Cancel"), id="no")),
        )

    @override
    def on_mount(self) -> None:
        self.query_one("#take", Press).display = False
        self.query_one("#line").focus()

    def on_entered(self, event: Entered) -> None:
        """Enter asks."""
        event.stop()
        self._ask()

    @on(Press.Pressed)
    def pressed(self, event: Press.Pressed) -> None:
        """Ask, take, or neither."""
        event.stop()
        match event.press.id:
            case "ask":
                self._ask()
            case "take" if self._found is not None:
                self.wizard.session.take_topology(self._found.topology)
                _ = self.dismiss(True)
            case _:
                self.action_close()

    def _ask(self) -> None:
        domains = []
        for word in self.query_one("#line", OrderedInput).value.replace(",", " ").split():
            try:
                domains.append(normalise_domain(word))
            except NameProblem as problem:
                self._say(f"{self.wizard.marks.bad} {problem.message}")
                return
        if not domains:
            return
        self._say(f"{self.wizard.marks.busy} {_('asking the DNS')}")
        work = self.wizard.work
        self.wizard.run_aside(lambda: work.discover(domains), self._show, self._failed, name="discover")

    def _show(self, found: Discovery) -> None:
        if not self.is_attached:
            return
        self._found = found
        marks = self.wizard.marks
        lines = [f"{marks.done} {to_unicode(reason.value)}: {reason.text}" for reason in found.reasons]
        lines += [f"{marks.warning} {finding.message}" for finding in found.findings]
        self._say("\n".join(lines) or _("The DNS says nothing of these domains."))
        take = self.query_one("#take", Press)
        take.display = bool(found.reasons)
        if found.reasons:
            take.focus()

    def _failed(self, error: EdgecertError) -> None:
        if self.is_attached:
            self._say(f"{self.wizard.marks.bad} {error.message}\n{error.hint}")

    def _say(self, text: str) -> None:
        self.query_one("#found", Static).update(Content(text))
