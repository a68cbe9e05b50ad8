"""A stanza that waits for its partner, and what lies on disk for one pair of domains."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.model.envelope import Envelope

KEPT_FOR: Final = timedelta(minutes=10)
_LASTING_TYPES: Final = frozenset({"chat", "normal"})


@dataclass(frozen=True, slots=True)
class QueuedStanza:
    """One stanza; ``number`` is its place on disk, 0 while it is in memory only; ``order``, when it came in memory."""

    envelope: Envelope
    accepted_at: datetime
    expires_at: datetime
    number: int = 0
    order: int = 0

    @property
    def size(self) -> int:
        """Octets on the wire."""
        return len(self.envelope.raw)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What lies on disk for one pair."""

    home: str
    domain: str
    stanzas: int
    octets: int
    oldest: datetime
    first_expiry: datetime


def is_lasting(envelope: Envelope) -> bool:
    """Whether ``envelope`` is worth waiting for: a message between people, with a body.

    Everything else is of the moment: presence is told anew, and who asked by iq has given up in a minute.
    """
    return envelope.kind == "message" and envelope.type in _LASTING_TYPES and b"<body" in envelope.raw


def is_answerable(envelope: Envelope) -> bool:
    """Whether an error may answer ``envelope``: no error (RFC 6120 §8.3.1), and nothing that answers an iq (§8.2.3)."""
    return not (envelope.is_error or (envelope.kind == "iq" and envelope.type == "result"))
