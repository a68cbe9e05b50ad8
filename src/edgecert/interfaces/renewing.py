"""What is kept of renewals beside the certificates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from edgecert.model.renewalstate import RenewalState


@dataclass(frozen=True, slots=True)
class Seen:
    """What a scan found of a lineage that needs nothing before ``attend_at``; times aware."""

    attend_at: datetime
    due_at: datetime
    not_after: datetime
    flags_file: str = ""


class ScanRecords(Protocol):
    """What earlier scans found, so that the next one passes by what needs nothing: a summary, never the truth."""

    def find(self, name: str) -> Seen | None:
        """Give what was found of ``name``, or None if anything of it, or its flags file, has changed since."""
        ...

    def note(self, name: str, seen: Seen | None) -> None:
        """Keep what was found of ``name``; None: it has to be looked at again."""
        ...

    def soonest(self, names: Iterable[str]) -> datetime | None:
        """Give when the first of ``names`` needs attention; None if one of them does so at every run, or of none."""
        ...

    def save(self) -> None:
        """Keep it for the next run; what goes wrong with that costs that run its time, and is no fault."""
        ...


class RenewalRecords(Protocol):
    """How the renewal of each lineage stands; callers that change it hold the lineage's lock."""

    def load(self, name: str) -> RenewalState:
        """Give what is kept of ``name``; a fresh state if nothing is, or if it is damaged: that costs an attempt."""
        ...

    def save(self, name: str, state: RenewalState) -> None:
        """Keep ``state``."""
        ...
