"""dns-01 by a program of the administrator's, which knows how the zone is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from edgecert.interfaces import ChallengeSolver
from edgecert.running import CommandError, run_command
from edgecert.shared.errors import ChallengeError
from edgecert.shared.overriding import override

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgecert.challenges.delegation import Delegations
    from edgecert.model.challenge import Challenge
    from edgecert.running import Fault

_HINTS: Final[Mapping[Fault, str]] = {
    "not-run": "mend command in [[issuer.challenges]]",
    "too-slow": "raise command_timeout, or see what it waits for",
    "failed": "run it by hand to see why",
}


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
        try:
            run_command([*self._command, action, challenge.record_name, challenge.value], self._timeout)
        except CommandError as error:
            message = f"the challenge command {self._command[0]!r} ({action} {challenge.record_name}) {error}"
            raise ChallengeError(message, code="challenge-command-failed", hint=_HINTS[error.fault]) from error
