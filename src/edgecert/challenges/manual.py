"""dns-01 by a person: what has to be published is said, and seen before the CA is asked to look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgecert.interfaces import ChallengeSolver
from edgecert.model.challenge import RECORD_TTL
from edgecert.model.dnsrecords import DnsRecord
from edgecert.shared.errors import RecordsMissingError
from edgecert.shared.overriding import override

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.challenges.delegation import Delegations
    from edgecert.dns.authorities import Authorities
    from edgecert.interfaces import Progress
    from edgecert.model.challenge import Challenge


@dataclass(frozen=True, slots=True)
class ManualSolver(ChallengeSolver):
    """Publishes nothing by itself."""

    authorities: Authorities
    delegations: Delegations
    progress: Progress

    def locate(self, challenges: Sequence[Challenge]) -> tuple[Challenge, ...]:
        """Follow CNAMEs; see :class:`edgecert.interfaces.Locating`."""
        return self.delegations.locate(challenges)

    @override
    def present(self, challenges: Sequence[Challenge]) -> None:
        """See that every authoritative server shows the records of ``challenges``.

        Raises:
            RecordsMissingError: a person has to publish them first.
            NetworkError: ``dns-no-zone``.
        """
        records = [DnsRecord(challenge.record_name, "TXT", challenge.text, RECORD_TTL) for challenge in challenges]
        unseen = self.authorities.missing(records)
        if not unseen:
            return
        for fault in unseen:
            self.progress.step(f"{fault.server}: {fault.name} {fault.type}: {fault.reason}")
        lines = [challenge.line for challenge in challenges]
        message = "publish these records, each beside what is there, then run the command again:\n" + "\n".join(lines)
        raise RecordsMissingError(message, lines, hint="the order waits for days; the records are looked for first")

    @override
    def clean_up(self, challenges: Sequence[Challenge]) -> None:
        """Tell that the records of ``challenges`` have done their work."""
        for challenge in challenges:
            self.progress.step(f"this record may be taken away now: {challenge.line}")
