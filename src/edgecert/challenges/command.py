"""dns-01 by a program of the administrator's, which knows how the zone is changed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import TYPE_CHECKING, Final, Literal

from edgecert.interfaces import ChallengeSolver
from edgecert.shared.errors import ChallengeError
from edgecert.shared.logs import scrub
from edgecert.shared.overriding import override

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.challenges.delegation import Delegations
    from edgecert.model.challenge import Challenge

_TOLD: Final = 400


class CommandSolver(ChallengeSolver):
    """Runs the program once per record, one after the other, without a shell.

    ``present NAME VALUE`` must publish a TXT record beside those that are there (a domain and its wildcard need two of
    one name) and return when the authoritative servers have it; ``clean-up NAME VALUE`` takes that one away.
    """

    def __init__(self, command: Sequence[str], timeout: float, delegations: Delegations | None = None) -> None:
        """Run ``command``; it may take ``timeout`` seconds each time. ``delegations`` follows CNAMEs."""
        self._command = tuple(command)
        self._timeout = timeout
        self._delegations = delegations

    def locate(self, challenges: Sequence[Challenge]) -> tuple[Challenge, ...]:
        """Follow CNAMEs; see :class:`edgecert.interfaces.Locating`."""
        return self._delegations.locate(challenges) if self._delegations is not None else tuple(challenges)

    @override
    def present(self, challenges: Sequence[Challenge]) -> None:
        """Publish each of ``challenges``.

        Raises:
            ChallengeError: ``challenge-command-failed``; those that follow were not tried.
        """
        for challenge in challenges:
            self._run("present", challenge)

    @override
    def clean_up(self, challenges: Sequence[Challenge]) -> None:
        """Take each of ``challenges`` away; one that fails does not keep the others.

        Raises:
            ChallengeError: ``challenge-command-failed``, for the first that failed.
        """
        failed: list[ChallengeError] = []
        for challenge in challenges:
            try:
                self._run("clean-up", challenge)
            except ChallengeError as error:
                failed.append(error)
        if failed:
            raise failed[0]

    def _run(self, action: Literal["present", "clean-up"], challenge: Challenge) -> None:
        argv = [*self._command, action, challenge.record_name, challenge.value]
        said = f"{self._command[0]!r} ({action} {challenge.record_name})"
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us: a half-done zone change would be worse than a whole one
            )
        except OSError as error:
            message = f"the challenge command {said} cannot be run: {error.strerror or error}"
            raise _failed(message, "mend command in [[issuer.challenges]]") from error
        with process:
            try:
                output, _ = process.communicate(timeout=self._timeout)
            except subprocess.TimeoutExpired:
                _kill(process)
                message = f"the challenge command {said} was not done after {self._timeout:g} s and was killed"
                raise _failed(message, "raise command_timeout, or see what it waits for") from None
            except BaseException:
                _kill(process)
                raise
        if process.returncode:
            text = scrub(output.decode("utf-8", "replace")).strip()[-_TOLD:]
            how = f"exit code {process.returncode}" if process.returncode > 0 else f"signal {-process.returncode}"
            message = f"the challenge command {said} ended with {how}{f': {text}' if text else ''}"
            raise _failed(message, "run it by hand to see why")


def _failed(message: str, hint: str) -> ChallengeError:
    return ChallengeError(message, code="challenge-command-failed", hint=hint)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # its own session: the group is the command and what it started
    if process.stdout is not None:
        process.stdout.close()
