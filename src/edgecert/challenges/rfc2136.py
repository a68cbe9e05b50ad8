"""dns-01 by DNS update (RFC 2136): the record beside what is there, seen at every server, and taken away again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgecert.interfaces import ChallengeSolver
from edgecert.model.challenge import RECORD_TTL
from edgecert.model.dnsrecords import Question, RrsetChange
from edgecert.shared.errors import ChallengeError, NetworkError
from edgecert.shared.overriding import override

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgecert.challenges.delegation import Delegations
    from edgecert.dns.update import ZoneUpdater
    from edgecert.model.challenge import Challenge

TRIES: Final = 5
"""How often an update is tried that somebody else's change to the same name made void."""


@dataclass(frozen=True, slots=True)
class Rfc2136Solver(ChallengeSolver):
    """Updates zones at their primary server; ``timeout`` bounds how long all servers may take to show a record."""

    updater: Callable[[], ZoneUpdater]
    delegations: Delegations
    timeout: float

    def locate(self, challenges: Sequence[Challenge]) -> tuple[Challenge, ...]:
        """Follow CNAMEs; see :class:`edgecert.interfaces.Locating`."""
        return self.delegations.locate(challenges)

    @override
    def present(self, challenges: Sequence[Challenge]) -> None:
        """Add the records of ``challenges``, one update per zone, and wait until every server has them.

        Raises:
            ChallengeError: the zone could not be changed (the code says why), or ``record-not-seen``.
        """
        try:
            updater = self.updater()
            changes = self._change(updater, challenges, _addition)
            unseen = updater.wait_until_seen(changes, timeout=self.timeout, exactly=False)
        except NetworkError as error:
            raise ChallengeError(error.message, code=error.code, hint=error.hint) from error
        if unseen:
            lines = "\n".join(f"{fault.server}: {fault.name} {fault.type}: {fault.reason}" for fault in unseen)
            message = f"not every server of the zone showed the record within {self.timeout:g} s:\n{lines}"
            hint = "see why it does not follow the primary server, or raise propagation_timeout"
            raise ChallengeError(message, code="record-not-seen", hint=hint)

    @override
    def clean_up(self, challenges: Sequence[Challenge]) -> None:
        """Take the records of ``challenges`` away, and no other value.

        Raises:
            ChallengeError: the zone could not be changed; the code says why.
        """
        try:
            self._change(self.updater(), challenges, _removal)
        except NetworkError as error:
            raise ChallengeError(error.message, code=error.code, hint=error.hint) from error

    @staticmethod
    def _change(
        updater: ZoneUpdater,
        challenges: Sequence[Challenge],
        make: Callable[[str, tuple[str, ...], frozenset[str]], RrsetChange],
    ) -> list[RrsetChange]:
        values: dict[str, set[str]] = {}
        for challenge in challenges:
            values.setdefault(challenge.record_name, set()).add(challenge.text)
        for number in range(TRIES):
            found = updater.read([Question(name, "TXT") for name in values])
            all_ = [make(name, found[Question(name, "TXT")], frozenset(own)) for name, own in values.items()]
            try:
                updater.apply([change for change in all_ if change.add or change.delete])
            except NetworkError as error:
                # Another run may prove the same name at the same moment: both records belong there.
                if error.code != "dns-changed-meanwhile" or number == TRIES - 1:
                    raise
            else:
                return all_
        return []


def _addition(name: str, found: tuple[str, ...], own: frozenset[str]) -> RrsetChange:
    return RrsetChange(name, "TXT", RECORD_TTL, found, add=tuple(sorted(own.difference(found))))


def _removal(name: str, found: tuple[str, ...], own: frozenset[str]) -> RrsetChange:
    return RrsetChange(name, "TXT", RECORD_TTL, found, delete=tuple(sorted(own.intersection(found))))
