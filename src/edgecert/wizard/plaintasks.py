"""The tasks of ``--plain`` beside the questions: line prompts, and the use cases with their steps printed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgecert.lifecycle.results import first_failure
from edgecert.shared.atomic import write_file
from edgecert.shared.clock import format_time
from edgecert.shared.dates import parse_when
from edgecert.shared.errors import EdgecertError, ExitCode, UsageError
from edgecert.shared.names import to_unicode
from edgecert.shared.printable import show_controls
from edgecert.shared.secret import Secret
from edgecert.shared.tui.marks import to_ascii
from edgecert.shared.words import _
from edgecert.wizard.views import AnswerGiven

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from edgecert.lifecycle.results import TargetResult
    from edgecert.model.request import CertificateRequest
    from edgecert.wizard.views import Held
    from edgecert.wizard.work import Work


class Lines:
    """Prompts and answers; also the :class:`edgecert.interfaces.Progress` of what is done between them."""

    def __init__(self, stdin: TextIO, stdout: TextIO) -> None:
        """Talk on these streams."""
        self._stdin = stdin
        self._stdout = stdout
        self._letters = "utf" not in (stdout.encoding or "utf-8").lower()

    def say(self, text: str) -> None:
        """Print a line."""
        shown = show_controls(text)
        self._stdout.write(f"{to_ascii(shown) if self._letters else shown}\n")
        self._stdout.flush()

    def step(self, text: str) -> None:
        """Print a step of what is being done."""
        self.say(f"  · {text}")

    def warn(self, code: str, message: str, path: str = "") -> None:
        """Print a warning."""
        self.say(f"  ! {f'{path}: ' if path else ''}{message} [{code}]")

    def failure(self, error: EdgecertError) -> None:
        """Print what went wrong and what to do."""
        self.say(f"✗ {error.message} [{error.code}]")
        if error.hint:
            self.say(f"  {error.hint}")

    def ask(self, prompt: str) -> str:
        """Give the line that was typed.

        Raises:
            EOFError: there is no more input.
        """
        self._stdout.write(show_controls(prompt))
        self._stdout.flush()
        line = self._stdin.readline()
        if not line:
            raise EOFError
        return line.strip()

    def secret(self, prompt: str) -> Secret:
        """Give what was typed without showing it, where the terminal can do that."""
        from getpass import getpass  # noqa: PLC0415  # only where a secret is asked for

        typed = getpass(show_controls(prompt), self._stdout) if self._stdin.isatty() else self.ask(prompt)
        return Secret(typed.encode())

    def choose(self, question: str, menu: Sequence[tuple[str, str]]) -> str:
        """Give the word of the entry that was chosen by its number; the first one by Enter alone."""
        self.say(question)
        for number, (_word, text) in enumerate(menu, start=1):
            self.say(f"  {number}. {text}")
        while True:
            text = self.ask(_("Number [1]: ")) or "1"
            if text.isdigit() and 0 < int(text) <= len(menu):
                return menu[int(text) - 1][0]
            self.say(f"! {_('there is no such number')}")

    def paste(self, question: str) -> bytes:
        """Give the bytes of the file that is named, or of the PEM that is pasted up to an empty line."""
        self.say(question)
        first = self.ask(_("File, or paste PEM and an empty line: "))
        if not first.startswith("-----BEGIN"):
            try:
                return Path(first).read_bytes()
            except OSError as error:
                message = f"{first}: {error.strerror}"
                raise UsageError(message, code="unreadable-file") from error
        lines = [first]
        while line := self.ask(""):
            lines.append(line)
        return ("\n".join(lines) + "\n").encode()


class PlainTasks:
    """What is done with certificates that are there, and with a request that is whole."""

    def __init__(self, work: Work, lines: Lines) -> None:
        """Do it through ``work``."""
        self._work = work
        self._lines = lines

    def run(self, task: str) -> ExitCode:
        """Do a task of the first page.

        Raises:
            EdgecertError: it failed.
        """
        from edgecert.wizard.describe import describe_meta  # noqa: PLC0415  # loads the certificate library

        if task == "pending":
            return self._pending()
        held = self._work.held()
        if not held:
            self._lines.say(_("There is no certificate yet."))
            return ExitCode.OK
        if task == "view":
            wiring = self._work.wiring()
            for entry in held:
                described = describe_meta(wiring.store, entry.meta, wiring.clock.now()) if entry.meta else [entry.name]
                self._lines.say("\n".join((*described, f"{_('Deployed'):<12} {entry.deployed}")))
            return ExitCode.OK
        return self._with_one(task, self._choose(held))

    def _choose(self, held: Sequence[Held]) -> str:
        return self._lines.choose(_("Which certificate?"), [(entry.name, entry.name) for entry in held])

    def _with_one(self, task: str, name: str) -> ExitCode:
        match task:
            case "assign":
                return self._assign(name)
            case "rollback":
                reason = self._lines.ask(_("Why (kept with the generation)? ")) or _("rolled back by hand")
                return self._report(self._work.rollback(name, self._lines, reason)[1])
            case "renew":
                result = self._work.renew(name, self._lines)
                if result.error is not None:
                    raise result.error
                return self._report(result.deployments)
            case "export":
                form = self._lines.choose(
                    _("In which form?"),
                    [("pkcs12", "PKCS#12"), ("pem", _("PEM with the key")), ("chain", _("PEM without the key"))],
                )
                file = Path(self._lines.ask(_("File: ")))
                try:
                    password = self._work.export(name, file, form=form)
                except OSError as error:
                    message = f"{file}: {error.strerror}"
                    raise UsageError(message, code="unreadable-file") from error
                self._lines.say(_("Written to {file}.").format(file=file))
                if password:
                    self._lines.say(_("Password, shown once: {password}").format(password=password))
                return ExitCode.OK
            case _:
                typed = self._lines.ask(_("Type {name} to remove it and its keys for ever: ").format(name=name))
                if typed == name:
                    self._work.remove(name)
                    self._lines.say(_("{name} is removed.").format(name=name))
                return ExitCode.OK

    def _assign(self, name: str) -> ExitCode:
        when = self._lines.ask(_("Now, or at a date (YYYY-MM-DD HH:MM) [now]: "))
        if when:
            moment = parse_when(when)
            staging = self._work.stage(name, moment, self._lines)
            self._lines.say(_("Staged for {when}.").format(when=format_time(moment)))
            if staging.error is not None:
                raise staging.error
            return ExitCode.OK
        return self._report(self._work.deploy(name, self._lines))

    def _report(self, results: Sequence[TargetResult]) -> ExitCode:
        from edgecert.wizard.describe import describe_result  # noqa: PLC0415  # loads the certificate library

        for result in results:
            self._lines.say("\n".join(describe_result(result)))
        error = first_failure(results)
        if error is not None:
            raise error
        return ExitCode.OK

    def _pending(self) -> ExitCode:
        from edgecert.wizard.describe import describe_chain  # noqa: PLC0415  # loads the certificate library

        waiting = [request for entry in self._work.held() for request in entry.requests]
        if not waiting:
            self._lines.say(_("No request is waiting."))
            return ExitCode.OK
        menu = [
            (entry.id, f"{entry.lineage} {entry.id}: {', '.join(map(to_unicode, entry.names))}") for entry in waiting
        ]
        picked = self._lines.choose(_("Which request?"), menu) if len(menu) > 1 else menu[0][0]
        if len(menu) == 1:
            self._lines.say(f"  {menu[0][1]}")
        given = AnswerGiven(self._lines.paste(_("What did the CA send?")), request=picked)
        view = self._work.look_at_answer(given)
        if view.fault is not None and view.fault.code == "password-needed":
            given = replace(given, password=self._lines.secret(_("Password of the file: ")))
            view = self._work.look_at_answer(given)
        self._lines.say("\n".join(describe_chain(view.chain)))
        for note in (*view.other_names, *view.notes):
            self._lines.say(f"! {note}")
        if view.fault is not None:
            raise view.fault
        if view.other_names and self._lines.ask(_("Take it with these names [y/N]? ")) != "y":
            return ExitCode.OK
        outcome = self._work.take_answer(given, self._lines, accept_names=bool(view.other_names))
        return self._offer_to_assign(outcome.name)

    def _offer_to_assign(self, name: str) -> ExitCode:
        held = next(entry for entry in self._work.held() if entry.name == name)
        if not held.has_targets:
            return ExitCode.OK
        menu = [("now", _("Put it into service now")), ("date", _("At a date")), ("later", _("Not now"))]
        match self._lines.choose(_("And now?"), menu):
            case "now":
                return self._report(self._work.deploy(name, self._lines))
            case "date":
                return self._assign(name)
            case _:
                return ExitCode.OK

    # --- a request -------------------------------------------------------------------------------------

    def test_run(self, request: CertificateRequest) -> None:
        """Try ``request`` and say what came of it."""
        trial = self._work.test_run(request, self._lines)
        self._lines.say(f"✓ {_('Test run at {place}:').format(place=trial.place)}")
        for line in trial.lines:
            self._lines.say(f"  {line}")

    def issue(self, request: CertificateRequest) -> ExitCode:
        """Get the certificates of ``request`` and offer to put them into service.

        Raises:
            EdgecertError: one could not be got.
        """
        from edgecert.wizard.describe import describe_meta  # noqa: PLC0415  # loads the certificate library

        applied = self._work.issue(request, None, self._lines)
        wiring = self._work.wiring()
        code = ExitCode.OK
        for entry in applied:
            outcome = entry.outcome
            if outcome.records:
                self._lines.say(outcome.message)
                code = ExitCode.WAITING
            elif outcome.action == "waiting" and outcome.request is not None:
                self._lines.say(f"✓ {_('CSR: {file}').format(file=outcome.request.request_file)}")
                self._lines.say(_("Give it to your CA; then come back and process the pending request."))
                code = ExitCode.WAITING
            elif outcome.bundle is not None:
                self._lines.say("✓ " + "\n".join(describe_meta(wiring.store, outcome.bundle.meta, wiring.clock.now())))
                self._offer_to_assign(entry.name)
        return code

    def save_flags_file(self, text: str, name: str) -> Path | None:
        """Write the flags file where the person says; None when they change their mind."""
        file = Path(self._lines.ask(_("File [{name}.toml]: ").format(name=name)) or f"{name}.toml")
        if (
            file.exists()
            and self._lines.ask(_("{file} is there already. Write over it [y/N]? ").format(file=file)) != "y"
        ):
            return None
        try:
            write_file(file, text.encode(), mode=0o644)
        except OSError as error:
            self._lines.say(f"! {file}: {error.strerror}")
            return None
        return file
