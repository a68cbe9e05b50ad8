"""The wizard on a terminal: which page is shown, what is begun, and the draft that is kept on the way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import SystemCommand
from typing_extensions import override

from edgecert.shared.atomic import write_file
from edgecert.shared.errors import EdgecertError, ExitCode
from edgecert.shared.names import to_unicode
from edgecert.shared.tui.app import TerminalApp
from edgecert.shared.words import _
from edgecert.wizard.fields import Page, page_title
from edgecert.wizard.screens.tasks import TasksScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from textual.binding import BindingType
    from textual.screen import Screen

    from edgecert.wizard.answers import Answers
    from edgecert.wizard.drafts import Drafts
    from edgecert.wizard.screens.form import FormScreen
    from edgecert.wizard.session import WizardSession
    from edgecert.wizard.views import AnswerGiven
    from edgecert.wizard.work import Work

_KEEP_EVERY: Final = 1.0
GATEWAY_SOCKET: Final = Path("/run/edgecert-gateway/control.sock")


class WizardApp(TerminalApp["ExitCode | EdgecertError"]):
    """One run of the wizard."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(
        self, new_session: Callable[[], WizardSession], work: Work, drafts: Drafts, *, theme: str = ""
    ) -> None:
        """Ask into what ``new_session`` makes, do it by ``work``, keep drafts in ``drafts``."""
        super().__init__(theme=theme, theme_file=drafts.path.with_name("theme"))
        self.new_session = new_session
        self.work = work
        self.drafts = drafts
        self.known: frozenset[str] = frozenset()
        self.terms: dict[str, str] = {}
        self.tried = False
        self.flags_file: Path | None = None
        self._session: WizardSession | None = None
        self._kept: Answers | None = None
        self._lines: list[str] = []

    @override
    def get_default_screen(self) -> Screen[object]:
        return TasksScreen()  # type: ignore[return-value]  # a page gives nothing back

    @property
    def session(self) -> WizardSession:
        """The request that is in the making.

        Raises:
            RuntimeError: none is; a fault of the program.
        """
        if self._session is None:
            message = "no request is in the making"
            raise RuntimeError(message)
        return self._session

    # --- the log of this run -------------------------------------------------------------------------

    def log_line(self, text: str) -> None:
        """Add a line to the log."""
        self._lines.append(text)

    def log_text(self) -> str:
        """Give the log."""
        return "\n".join(self._lines)

    # --- tasks ---------------------------------------------------------------------------------------

    def begin(self, task: str) -> None:
        """Begin a task of the first page."""
        try:
            self._begin(task)
        except EdgecertError as error:
            self.screen.notify(f"{error.message}\n{error.hint}", severity="error", title=self.marks.bad)

    def _begin(self, task: str) -> None:
        if task in ("new", "draft"):
            self.start_session(self.new_session(), resume=task == "draft")
            return
        from edgecert.wizard.othertasks import OtherTasks  # noqa: PLC0415  # not for a new request

        OtherTasks(self).begin(task)

    def start_session(self, session: WizardSession, *, resume: bool = False) -> None:
        """Show the pages of ``session``, gone on with where the draft stopped if asked for."""
        self._session = session
        self._kept = session.answers
        self.tried = False
        self.flags_file = None
        draft = self.drafts.load() if resume else None
        if draft is not None:
            session.restore(draft)
        elif GATEWAY_SOCKET.exists() and not session.rows("deploy"):
            session.add_row("deploy", {"name": "gateway"})
        self.open_screen(self._page_screen())

    def _page_screen(self) -> FormScreen:
        screen = _screen_for(self.session.page)
        screen.page = self.session.page
        return screen

    def show_page(self) -> None:
        """Show the session's page instead of the one that is shown."""
        self.replace_screen(self._page_screen())

    def show_tasks(self) -> None:
        """Go back to the first page."""
        self.keep_draft()
        self._session = None
        while len(self.screen_stack) > 1:
            self.close_screen()

    def keep_draft(self) -> None:
        """Keep what was answered."""
        if self._session is not None:
            self._kept = self._session.answers
            self.drafts.save(self._session.to_json())

    @override
    def keep_what_is_not_to_be_lost(self) -> None:
        self.keep_draft()

    def _keep_changes(self) -> None:
        """Keep what was answered on a page that is not left yet: a kill or a power cut loses a second at the most."""
        if self._session is not None and self._session.answers is not self._kept:
            self.keep_draft()

    @override
    def on_mount(self) -> None:
        """Keep what is answered while it is."""
        self.set_interval(_KEEP_EVERY, self._keep_changes)

    @override
    def action_leave(self) -> None:
        self.keep_draft()
        self.exit(ExitCode.INTERRUPTED if self._session is not None else ExitCode.OK)

    # --- the palette -----------------------------------------------------------------------------------

    @override
    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from super().get_system_commands(screen)
        yield SystemCommand(_("Log"), _("What was done in this run"), self._show_log)
        if self._session is None:
            return
        for page in self.session.pages:
            title = page_title(page)
            yield SystemCommand(title, _("Go to this page"), lambda page=page: self._go(page))
        yield SystemCommand(_("Save draft and leave"), _("It is offered again next time"), self.action_leave)
        yield SystemCommand(_("Copy command"), _("The same as a command line"), self._copy)

    def _go(self, page: Page) -> None:
        self.session.go(page)
        self.show_page()

    def _copy(self) -> None:
        self.copy_to_clipboard(self.session.command())

    def _show_log(self) -> None:
        from edgecert.shared.tui.dialogs import TextDialog  # noqa: PLC0415  # only where it is wanted

        self.open_screen(TextDialog(_("Log"), self.log_text()))

    # --- the request ---------------------------------------------------------------------------------

    def save_flags_file(self, file: Path) -> str:
        """Write the flags file; give what is said of it."""
        try:
            write_file(file.absolute(), self.session.flags_file().encode(), mode=0o644)
        except OSError as error:
            return f"{self.marks.bad} {file}: {error.strerror}"
        self.flags_file = file
        return f"{self.marks.done} " + _("Written to {file}.").format(file=file)

    def issue(self, *, trial: bool) -> None:
        """Get the certificate, or only try."""
        from edgecert.wizard.outcomes import show_issued, show_trial  # noqa: PLC0415  # loads the certificate library
        from edgecert.wizard.screens.run import RunScreen  # noqa: PLC0415

        request = self.session.request()
        proven = request.issuer.kind == "acme"
        names = [to_unicode(name.text) for name in self.session.plan().names] if proven else []
        if trial:
            try_it = self.work.test_run
            self.open_screen(
                RunScreen(
                    _("Test run"),
                    lambda progress: try_it(request, progress),
                    lambda came: show_trial(self, came),
                    names=names,
                )
            )
            return
        self.keep_draft()
        issue, file = self.work.issue, self._flags_file_as_it_is()
        self.open_screen(
            RunScreen(
                _("Executing"),
                lambda progress: issue(request, file, progress),
                lambda applied: show_issued(self, applied, request),
                names=names,
            )
        )

    def _flags_file_as_it_is(self) -> Path | None:
        """Give the flags file that was saved, if it still says the same."""
        if self.flags_file is None:
            return None
        try:
            text = self.flags_file.read_text(encoding="utf-8")
        except OSError:
            return None
        return self.flags_file if text == self.session.flags_file() else None

    def take_answer(self, given: AnswerGiven, *, accept_names: bool) -> None:
        """Take what the CA sent."""
        from edgecert.wizard.outcomes import show_taken  # noqa: PLC0415  # loads the certificate library
        from edgecert.wizard.screens.run import RunScreen  # noqa: PLC0415

        take = self.work.take_answer
        self.open_screen(
            RunScreen(
                _("Import"),
                lambda progress: take(given, progress, accept_names=accept_names),
                lambda came: show_taken(self, came),
            )
        )

    def deploy(self, names: Sequence[str]) -> None:
        """Put certificates into service now."""
        from edgecert.wizard.outcomes import show_deployed  # noqa: PLC0415  # loads the certificate library
        from edgecert.wizard.screens.run import RunScreen  # noqa: PLC0415

        work = self.work.deploy
        self.open_screen(
            RunScreen(
                _("Into service"),
                lambda progress: [result for name in names for result in work(name, progress)],
                lambda results: show_deployed(self, results),
            )
        )

    def stage(self, names: Sequence[str], when: datetime) -> None:
        """Put certificates into service at a date."""
        from edgecert.wizard.outcomes import show_staged  # noqa: PLC0415  # loads the certificate library
        from edgecert.wizard.screens.run import RunScreen  # noqa: PLC0415

        work = self.work.stage
        self.open_screen(
            RunScreen(
                _("At a date"),
                lambda progress: [work(name, when, progress) for name in names],
                lambda stagings: show_staged(self, stagings, when),
            )
        )

    def request_is_done(self) -> None:
        """The draft has become a request or a certificate: it is not offered again."""
        self._session = None
        self.drafts.forget()


def _screen_for(page: Page) -> FormScreen:
    """Make the screen of a page; what others need is not loaded yet."""
    match page:
        case Page.NAMES:
            from edgecert.wizard.screens.names import NamesScreen  # noqa: PLC0415  # one page at a time

            return NamesScreen()
        case Page.ISSUER:
            from edgecert.wizard.screens.rows import IssuerScreen  # noqa: PLC0415  # one page at a time

            return IssuerScreen()
        case Page.TARGETS:
            from edgecert.wizard.screens.rows import TargetsScreen  # noqa: PLC0415  # one page at a time

            return TargetsScreen()
        case Page.SUMMARY:
            from edgecert.wizard.screens.summary import SummaryScreen  # noqa: PLC0415  # one page at a time

            return SummaryScreen()
        case Page.KIND | Page.SECURITY:
            from edgecert.wizard.screens.form import FormScreen as PlainForm  # noqa: PLC0415  # one page at a time

            return PlainForm()
