"""The tasks beside a new request: a certificate is picked, and what is asked for is done with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgecert.shared.dates import parse_when
from edgecert.shared.errors import EdgecertError
from edgecert.shared.words import _

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgecert.wizard.app import WizardApp
    from edgecert.wizard.views import Held


class OtherTasks:
    """One task for one application."""

    def __init__(self, app: WizardApp) -> None:
        """Show it in ``app``."""
        self._app = app

    def begin(self, task: str) -> None:
        """Begin it.

        Raises:
            EdgecertError: the store cannot be read.
        """
        held = self._app.work.held()
        self._app.known = frozenset(entry.name for entry in held)
        if task == "pending":
            self._pending(held)
            return
        titles = {
            "assign": (_("Assign a certificate"), self._assign),
            "rollback": (_("Roll back"), self._roll_back),
            "renew": (_("Renew"), self._renew),
            "change": (_("Change a request"), self._change),
            "export": (_("Export"), self._export),
            "view": (_("View"), self._view),
            "remove": (_("Remove"), self._remove),
        }
        title, picked = titles[task]
        if not held:
            self._say(_("There is no certificate yet."))
            return
        from edgecert.wizard.screens.pick import PickScreen  # noqa: PLC0415  # a page at a time

        self._app.open_screen(PickScreen(title, _("Which certificate?"), held, self._guarded(picked)))

    def _guarded(self, picked: Callable[[str], None]) -> Callable[[str], None]:
        def call(name: str) -> None:
            try:
                picked(name)
            except EdgecertError as error:
                self._say(f"{error.message}\n{error.hint}", bad=True)

        return call

    def _say(self, text: str, *, bad: bool = False) -> None:
        self._app.notify(text, severity="error" if bad else "information", title=self._app.marks.bad if bad else "")

    def _pending(self, held: Sequence[Held]) -> None:
        waiting = [request for entry in held for request in entry.requests]
        if not waiting:
            self._say(_("No request is waiting."))
            return
        from edgecert.wizard.screens.pending import PendingScreen  # noqa: PLC0415  # a page at a time

        self._app.open_screen(PendingScreen(waiting))

    def _assign(self, name: str) -> None:
        from edgecert.shared.tui.dialogs import AskDialog, PromptDialog  # noqa: PLC0415  # a page at a time

        app = self._app

        def chosen(answer: str | None) -> None:
            if answer == "now":
                app.deploy([name])
            elif answer == "date":
                question = _("When? 2026-12-01T03:00:00Z, or in local time 2026-12-01 03:00")
                app.open_screen(PromptDialog(_("At a date"), question, yes=_("Stage")), dated)

        def dated(text: str | None) -> None:
            if text:
                try:
                    app.stage([name], parse_when(text))
                except EdgecertError as error:
                    self._say(f"{error.message}\n{error.hint}", bad=True)

        answers = [("now", _("Now")), ("date", _("At a date")), ("no", _("Cancel"))]
        app.open_screen(AskDialog(name, _("Put it into service at all its targets?"), answers), chosen)

    def _roll_back(self, name: str) -> None:
        from edgecert.shared.tui.dialogs import PromptDialog  # noqa: PLC0415  # a page at a time
        from edgecert.wizard.outcomes import show_rolled_back  # noqa: PLC0415  # loads the certificate library
        from edgecert.wizard.screens.run import RunScreen  # noqa: PLC0415

        app = self._app

        def why(reason: str | None) -> None:
            if reason is not None:
                text = reason or _("rolled back by hand")
                work = app.work.rollback
                app.open_screen(
                    RunScreen(
                        _("Roll back"),
                        lambda progress: work(name, progress, text),
                        lambda came: show_rolled_back(app, came),
                    )
                )

        app.open_screen(
            PromptDialog(_("Roll back"), _("Why? It is kept with the generation."), yes=_("Roll back")), why
        )

    def _renew(self, name: str) -> None:
        from edgecert.wizard.outcomes import show_renewed  # noqa: PLC0415  # loads the certificate library
        from edgecert.wizard.screens.run import RunScreen  # noqa: PLC0415  # a page at a time

        app, work = self._app, self._app.work.renew
        app.open_screen(
            RunScreen(_("Renew"), lambda progress: work(name, progress), lambda came: show_renewed(app, came))
        )

    def _change(self, name: str) -> None:
        from edgecert.wizard.session import WizardSession  # noqa: PLC0415  # loaded by now

        request = self._app.work.settings_of(name)
        if request is None:
            self._say(_("{name} has no saved settings").format(name=name), bad=True)
            return
        session = WizardSession(Path.cwd(), start=request, known=self._app.known)
        session.keep_assignment(self._app.work.assignment_of(name))
        self._app.start_session(session)

    def _export(self, name: str) -> None:
        from edgecert.shared.tui.dialogs import AskDialog, PromptDialog, TextDialog  # noqa: PLC0415

        app = self._app

        def formed(form: str | None) -> None:
            if form in ("pkcs12", "pem", "chain"):
                proposed = f"{name}.{'p12' if form == 'pkcs12' else 'pem'}"
                app.open_screen(
                    PromptDialog(_("Export"), _("File:"), proposed, yes=_("Write")), lambda text: write(form, text)
                )

        def write(form: str, text: str | None) -> None:
            if not text:
                return
            file = Path(text).expanduser()
            try:
                password = app.work.export(name, file.absolute(), form=form)
            except EdgecertError as error:
                self._say(f"{error.message}\n{error.hint}", bad=True)
                return
            except OSError as error:
                self._say(f"{file}: {error.strerror}", bad=True)
                return
            said = _("Written to {file}.").format(file=file)
            if password:
                said += "\n\n" + _("Password, shown once:") + f"\n{password}"
            app.open_screen(TextDialog(_("Export"), said))

        forms = [("pkcs12", "PKCS#12"), ("pem", _("PEM with key")), ("chain", _("PEM, no key")), ("no", _("Cancel"))]
        app.open_screen(AskDialog(name, _("In which form?"), forms), formed)

    def _view(self, name: str) -> None:
        from edgecert.shared.tui.dialogs import TextDialog  # noqa: PLC0415  # a page at a time
        from edgecert.wizard.describe import describe_certificate, describe_csr  # noqa: PLC0415

        work = self._app.work
        entry = next(held for held in work.held() if held.name == name)
        lines = [f"{_('Deployed'):<12} {entry.deployed}"]
        if entry.staged:
            lines.append(f"{_('Staged'):<12} {entry.staged}")
        if entry.meta is not None:
            bundle = work.bundle(name)
            lines += describe_certificate(bundle.leaf, now=work.now())
            lines += ["", bundle.fullchain_pem.decode()]
        for request in entry.requests:
            lines += ["", _("Open request {id}").format(id=request.id), *describe_csr(request.csr_pem)]
            lines.append(request.csr_pem.decode())
        self._app.open_screen(TextDialog(name, "\n".join(lines)))

    def _remove(self, name: str) -> None:
        from edgecert.shared.tui.dialogs import PromptDialog  # noqa: PLC0415  # a page at a time

        app = self._app

        def typed(text: str | None) -> None:
            if text != name:
                return
            try:
                app.work.remove(name)
            except EdgecertError as error:
                self._say(f"{error.message}\n{error.hint}", bad=True)
                return
            app.show_tasks()
            self._say(_("{name} is removed.").format(name=name))

        question = _("Type {name} to remove it and its keys for ever:").format(name=name)
        app.open_screen(PromptDialog(_("Remove"), question, yes=_("Remove")), typed)
