"""dns-persist-01: a record that stays, names CA and account, and is looked at before the CA is asked to look.

The challenge is a draft (draft-ietf-acme-dns-persist-01); its record has the form of CAA's issue value (RFC 8659 §4.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from edgecert.interfaces import ChallengeSolver
from edgecert.model.dnsrecords import Question
from edgecert.model.persistrecord import parse_persist_record, persist_fault
from edgecert.shared.clock import format_time
from edgecert.shared.errors import ChallengeError, NetworkError, RecordsMissingError
from edgecert.shared.overriding import override

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.dns.lookup import Lookup
    from edgecert.interfaces import Progress
    from edgecert.model.challenge import Challenge
    from edgecert.shared.clock import Clock

SOON: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class PersistSolver(ChallengeSolver):
    """Needs no right to change the zone: the record is there once for all, or a person is told of it."""

    lookup: Lookup
    clock: Clock
    progress: Progress

    @override
    def present(self, challenges: Sequence[Challenge]) -> None:
        """See that the record of each of ``challenges`` is there and still holds.

        Raises:
            ChallengeError: ``persist-cname``: a CNAME stands where the record must; the CA follows none.
            NetworkError: ``nameserver-failed``: the DNS did not answer.
            RecordsMissingError: a person has to publish records first.
        """
        names = [challenge.record_name for challenge in challenges]
        answers = self.lookup.ask([Question(name, type_) for name in names for type_ in ("CNAME", "TXT")])
        missing: dict[str, str] = {}
        for challenge in challenges:
            name = challenge.record_name
            if answers[Question(name, "CNAME")].records:
                message = f"{name} is a CNAME, and the CA follows none for dns-persist-01"
                raise ChallengeError(message, code="persist-cname", hint="put the TXT record itself there")
            answer = answers[Question(name, "TXT")]
            if answer.error:
                raise NetworkError(f"{name}: {answer.error}", code="nameserver-failed", hint="try again later")
            if fault := self._look(challenge, answer.records):
                missing[challenge.line] = f"{name}: {fault}"
        if missing:
            for fault in missing.values():
                self.progress.step(fault)
            message = "publish these records, once for all renewals, then run the command again:\n" + "\n".join(missing)
            raise RecordsMissingError(message, tuple(missing), hint="they stay: with them no credentials are needed")

    @override
    def clean_up(self, challenges: Sequence[Challenge]) -> None:
        """Leave the records of ``challenges`` where they are: they are for every renewal."""

    def _look(self, challenge: Challenge, records: Sequence[str]) -> str:
        """Say what is wrong with ``records``; empty if one of them will do."""
        wanted = parse_persist_record(challenge.value)
        likewise = [parse_persist_record(text) for text in challenge.others]
        faults = []
        for text in records:
            record = parse_persist_record(text.replace('" "', "").strip('"'))
            meant = next((other for other in likewise if other.issuer == record.issuer), wanted)
            fault = persist_fault(record, meant, now=self.clock.now())
            if not fault:
                self._warn_of_end(challenge.record_name, record.until)
                return ""
            faults.append(fault)
        return "; ".join(faults) or "there is no record"

    def _warn_of_end(self, name: str, until: int | None) -> None:
        if until is None:
            return
        end = datetime.fromtimestamp(until, UTC)
        if end - self.clock.now() < SOON:
            self.progress.warn("persist-ends-soon", f"the record at {name} holds until {format_time(end)}; renew it")
