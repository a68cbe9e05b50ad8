"""``edgecert wizard --plain``: the same questions as lines, for a terminal that can do no more, or a screen reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgecert.shared.errors import ConfigError, EdgecertError, ExitCode
from edgecert.shared.names import to_unicode
from edgecert.shared.schema import KeyKind
from edgecert.shared.words import _, plural
from edgecert.wizard.fields import Page, page_title
from edgecert.wizard.plaintasks import Lines, PlainTasks

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from edgecert.wizard.drafts import Drafts
    from edgecert.wizard.fields import Field
    from edgecert.wizard.session import WizardSession
    from edgecert.wizard.work import Work

_TABLES: Final = {Page.ISSUER: "issuer.challenges", Page.TARGETS: "deploy"}


class GoBack(Exception):  # noqa: N818  # no fault: the person wants the page before
    """The person typed ``<``."""


class PlainWizard:
    """Asks everything by lines; what is answered goes into the same session as the Textual application's."""

    def __init__(
        self, new_session: Callable[[], WizardSession], work: Work, drafts: Drafts, stdin: TextIO, stdout: TextIO
    ) -> None:
        """Ask on ``stdin`` and ``stdout``."""
        self._new_session = new_session
        self._drafts = drafts
        self._lines = Lines(stdin, stdout)
        self._tasks = PlainTasks(work, self._lines)
        self._session: WizardSession | None = None

    def run(self) -> ExitCode:
        """Show the tasks until one is done or the person leaves. Ctrl-C and the end of the input lose nothing."""
        say = self._lines.say
        say(_("edgecert wizard. Enter takes what is in brackets; ? helps, < goes back, - empties, Ctrl-C leaves."))
        try:
            while True:
                task = self._lines.choose(_("What do you want to do?"), self._menu())
                if task == "quit":
                    return ExitCode.OK
                if task in ("new", "draft"):
                    return self._request(resume=task == "draft")
                try:
                    return self._tasks.run(task)
                except EdgecertError as error:
                    self._lines.failure(error)
        except (KeyboardInterrupt, EOFError):
            say("")
            say(_("Left. What was answered is kept; edgecert wizard --plain offers it again."))
            return ExitCode.INTERRUPTED

    def _menu(self) -> list[tuple[str, str]]:
        draft = [("draft", _("Go on with the request that was begun"))] if self._drafts.load() else []
        return [
            ("new", _("Create a new certificate request")),
            *draft,
            ("pending", _("Process a pending request (import what the CA sent)")),
            ("assign", _("Assign a certificate: put it into service")),
            ("rollback", _("Roll back to the previous certificate")),
            ("renew", _("Renew a certificate now")),
            ("export", _("Export a certificate")),
            ("view", _("View the certificates")),
            ("remove", _("Remove a certificate")),
            ("quit", _("Quit")),
        ]

    def _request(self, *, resume: bool) -> ExitCode:
        session = self._session = self._new_session()
        draft = self._drafts.load() if resume else None
        if draft is not None and not session.restore(draft):
            self._lines.say(_("The draft is of another version of edgecert and cannot be gone on with."))
        while True:
            self._drafts.save(session.to_json())
            pages = session.pages
            self._lines.say("")
            position = f"{pages.index(session.page) + 1}/{len(pages)}"
            self._lines.say(f"== {position} {page_title(session.page)}")
            try:
                if session.page is Page.SUMMARY:
                    done = self._summary(session)
                    if done is not None:
                        return done
                    continue
                self._page(session)
            except GoBack:
                session.back()
                continue
            for problem in session.next():
                self._lines.say(f"! {problem.key}: {problem.message}")

    # --- pages -----------------------------------------------------------------------------------------

    def _page(self, session: WizardSession) -> None:
        if session.page is Page.NAMES and session.value("certificate.role") == "external-edge":
            self._domains(session)
        for entry in session.fields(session.page):
            self._ask(session, entry)
        if session.page is Page.NAMES:
            self._plan(session)
        table = _TABLES.get(session.page)
        if table == "deploy" or (table and session.value("issuer.kind") == "acme"):
            self._table(session, table)

    def _ask(self, session: WizardSession, entry: Field) -> None:
        path = entry.path
        choices = session.choices(path)
        while True:
            offered = f" ({'/'.join(choices)})" if choices else ""
            text = self._line(f"{entry.label}{offered} [{session.text(path)}]: ")
            if text == "?":
                self._lines.say(f"  {entry.help}")
                continue
            message = session.answer_text(path, "" if text == "-" else text) if text else session.message(path)
            if not message:
                return
            self._lines.say(f"! {message}")

    def _line(self, prompt: str) -> str:
        if self._session is not None:  # whatever happens while it waits, what was answered is kept
            self._drafts.save(self._session.to_json())
        text = self._lines.ask(prompt)
        if text == "<":
            raise GoBack
        return text

    def _domains(self, session: WizardSession) -> None:
        while True:
            for number, row in enumerate(session.domains, start=1):
                sip, xmpp = ("[x]" if row.sip else "[ ]"), ("[x]" if row.xmpp else "[ ]")
                self._lines.say(f"  {number}. {to_unicode(row.domain)}  SIP {sip}  XMPP {xmpp}")
            prompt = _("Domain to add; NUMBER s or x ticks, NUMBER - removes, u undoes, Enter goes on: ")
            text = self._line(prompt)
            if not text:
                return
            if text == "?":
                self._lines.say(f"  {_('each SIP domain adds sip.<domain>, each XMPP domain itself')}")
            elif text == "u":
                session.undo()
            else:
                self._change_domain(session, text)

    def _change_domain(self, session: WizardSession, text: str) -> None:
        number, _blank, action = text.partition(" ")
        if number.isdigit() and action in ("s", "x", "-"):
            index = int(number) - 1
            if not 0 <= index < len(session.domains):
                self._lines.say(f"! {_('there is no such number')}")
                return
            row = session.domains[index]
            match action:
                case "s":
                    session.tick(index, sip=not row.sip)
                case "x":
                    session.tick(index, xmpp=not row.xmpp)
                case _:
                    session.remove_domain(index)
            return
        message = session.add_domain(text)
        if message:
            self._lines.say(f"! {message}")

    def _plan(self, session: WizardSession) -> None:
        plan = session.plan()
        for certificate in plan.certificates:
            count = plural("{count} name", "{count} names", len(certificate.names))
            self._lines.say(f"  {certificate.name}: {count}")
            for planned in certificate.names:
                self._lines.say(f"    {to_unicode(planned.name.text)}  ({'; '.join(planned.reasons)})")
        for finding in plan.findings:
            self._lines.say(f"  {finding.severity.value}: {finding.message} [{finding.code}]")

    def _table(self, session: WizardSession, table: str) -> None:
        while True:
            for number, row in enumerate(session.rows(table), start=1):
                words = ", ".join(f"{name}={value}" for name, value in row.items())
                self._lines.say(f"  {number}. {words or _('all as by default')}")
            text = self._line(_("+ adds one, NUMBER changes one, NUMBER - removes it, Enter goes on: "))
            if not text:
                return
            word, _blank, action = text.partition(" ")
            known = word.isdigit() and 0 < int(word) <= len(session.rows(table))
            if text == "+":
                self._row(session, table, session.add_row(table, {}))
            elif known and action == "-":
                session.remove_row(table, int(word) - 1)
            elif known:
                self._row(session, table, int(word) - 1)

    def _row(self, session: WizardSession, table: str, index: int) -> None:
        asked: set[str] = set()
        while True:  # what a row is decides what else is asked of it
            entry = next((field for field in session.row_fields(table, index) if field.path not in asked), None)
            if entry is None:
                return
            asked.add(entry.path)
            self._ask(session, entry)

    # --- the end ---------------------------------------------------------------------------------------

    def _summary(self, session: WizardSession) -> ExitCode | None:
        say = self._lines.say
        say(session.flags_file())
        say(f"{_('The same as a command:')}\n  {session.command()}")
        problems = session.problems()
        for problem in problems:
            say(f"! {problem.key}: {problem.message}")
        menu = [("issue", _("Issue now")), ("try", _("Test run: see that it would work, spend nothing"))]
        if session.value("issuer.kind") == "csr":
            menu = [("issue", _("Make key and request now"))]
        elif session.value("issuer.kind") == "acme":
            menu.reverse()
        menu += [
            ("save", _("Save as a flags file")),
            ("advanced", _("Advanced: every other setting")),
            ("back", _("Back")),
        ]
        choice = self._lines.choose(_("And now?"), menu if not problems else menu[-3:])
        match choice:
            case "save":
                self._save(session)
            case "advanced":
                self._advanced(session)
            case "back":
                raise GoBack
            case _:
                return self._go(session, trial=choice == "try")
        return None

    def _save(self, session: WizardSession) -> None:
        file = self._tasks.save_flags_file(session.flags_file(), str(session.value("certificate.name")))
        if file is not None:
            self._lines.say(_("Written to {file}.").format(file=file))

    def _advanced(self, session: WizardSession) -> None:
        for entry in session.advanced():
            if entry.key.kind is not KeyKind.TABLES:
                try:
                    self._ask(session, entry)
                except GoBack:
                    return

    def _go(self, session: WizardSession, *, trial: bool) -> ExitCode | None:
        try:
            request = session.request()
            if trial:
                self._tasks.test_run(request)
                return None
            code = self._tasks.issue(request)
        except ConfigError as error:
            for problem in error.problems:
                self._lines.say(f"! {problem.key}: {problem.message}")
            return None
        except EdgecertError as error:
            self._lines.failure(error)
            self._lines.say(_("Go back, mend it, and issue again: it goes on with the same request and order."))
            return None
        if code is not ExitCode.WAITING or request.issuer.kind != "acme":  # that waits for records, and is gone on with
            self._drafts.forget()
        return code
