"""The first page: what there is to do, and what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static
from typing_extensions import override

from edgecert.shared.names import to_unicode
from edgecert.shared.tui.fields import Choice
from edgecert.shared.words import _, plural
from edgecert.wizard.screens.frame import WizardScreen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from edgecert.shared.errors import EdgecertError
    from edgecert.wizard.views import Held

_SHOWN = 6
_DAY = 86400


class TasksScreen(WizardScreen):
    """Available tasks."""

    held: Sequence[Held] = ()

    @override
    def heading(self) -> str:
        return _("Available tasks")

    @override
    def crumbs(self) -> str:
        return _("The certificate of an edge host: planned, issued, in service, renewed.")

    @override
    def body(self) -> Iterable[Widget]:
        yield Choice(self.tasks(), marks=self.wizard.marks, id="tasks")
        yield Static(Content(_("Certificates")), classes="section")
        yield Static(Content(f"{self.wizard.marks.busy} {_('looking')}"), id="held")

    def tasks(self) -> list[tuple[str, str]]:
        """Give what can be done: a draft is offered before anything else."""
        draft = [("draft", _("Go on with the request that was begun"))] if self.wizard.drafts.load() else []
        return [
            *draft,
            ("new", _("Create a new certificate request")),
            ("pending", _("Process a pending request: import what the CA sent")),
            ("assign", _("Assign a certificate: put it into service now, or at a date")),
            ("rollback", _("Roll back to the previous certificate")),
            ("renew", _("Renew a certificate now")),
            ("change", _("Change a certificate's request: names, key, authority, targets")),
            ("export", _("Export a certificate")),
            ("view", _("View a certificate")),
            ("remove", _("Remove a certificate")),
            ("quit", _("Quit")),
        ]

    @override
    def on_mount(self) -> None:
        self.query_one("#tasks").focus()
        self.say(_("Arrows choose, Enter begins. F1 helps everywhere, Ctrl+P has everything, Ctrl+C leaves."))
        self.call_after_refresh(self.look)

    def look(self) -> None:
        """See what there is; the page is drawn already."""
        self.wizard.run_aside(self.wizard.work.held, self.show, self.failed, name="held")

    def show(self, held: Sequence[Held]) -> None:
        """Show what there is."""
        self.held = held
        self.wizard.known = frozenset(entry.name for entry in held)
        if self.is_attached:
            lines = [self._line(entry) for entry in held[:_SHOWN]]
            if len(held) > _SHOWN:
                lines.append(plural("and {count} more", "and {count} more", len(held) - _SHOWN))
            self.query_one("#held", Static).update(Content("\n".join(lines) or _("none yet")))

    def failed(self, error: EdgecertError) -> None:
        """There is no working without the store: leave with the reason."""
        self.wizard.exit(error)

    def _line(self, entry: Held) -> str:
        marks = self.wizard.marks
        if entry.meta is None:
            count = plural("{count} request waits for the CA", "{count} requests wait for the CA", len(entry.requests))
            return f"{marks.busy} {entry.name}: {count}"
        days = int((entry.meta.not_after - self.wizard.work.now()).total_seconds() // _DAY)
        sign = marks.bad if days < 0 else marks.warning if days < 10 else marks.done
        left = plural("{count} day left", "{count} days left", days) if days >= 0 else _("expired")
        more = f"; {_('staged')} {entry.staged}" if entry.staged else ""
        waiting = f"; {_('a request is open')}" if entry.requests else ""
        names = to_unicode(entry.meta.names[0]) if entry.meta.names else ""
        return f"{sign} {entry.name}: {names}, {left}; {entry.deployed}{more}{waiting}"

    @override
    def action_next(self) -> None:
        task = self.query_one("#tasks", Choice).value
        if task == "quit":
            self.action_back()
        else:
            self.wizard.begin(task)

    @override
    def action_back(self) -> None:
        self.wizard.action_leave()

    async def rebuild(self) -> None:
        """Offer the tasks anew: a draft may have come or gone."""
        choice = self.query_one("#tasks", Choice)
        choice.options = self.tasks()
        choice.index = 0
        choice.refresh(layout=True)
        self.look()

    @override
    def on_screen_resume(self) -> None:
        self.call_later(self.rebuild)
