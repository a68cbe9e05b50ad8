"""A log of stanzas for finding faults: who to whom, of what kind, and what became of it; what is said, only if asked.

Nothing is written above the level DEBUG (``serve -vv``), and no body unless ``gateway.log_message_bodies`` says so.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, assert_never

from gateway.routing import Answer, Commit, Discard, ToHome, ToPartner

if TYPE_CHECKING:
    from gateway.model.envelope import Envelope
    from gateway.routing import Route

logger = logging.getLogger(__name__)


class StanzaLog:
    """Writes a line for each stanza when somebody wants it."""

    def __init__(self) -> None:
        self.bodies = False
        """Whether whole stanzas are written."""

    @property
    def enabled(self) -> bool:
        """Whether anybody reads it."""
        return logger.isEnabledFor(logging.DEBUG)

    def note(self, envelope: Envelope, route: Route, direction: str) -> None:
        """Write what was decided about ``envelope``."""
        fields = {
            "direction": direction,
            "kind": envelope.kind,
            "type": envelope.type,
            "id": envelope.id,
            "sender": str(envelope.from_),
            "receiver": str(envelope.to),
            "outcome": describe(route),
        }
        if self.bodies:
            fields["stanza"] = envelope.raw.decode(errors="replace")
        logger.debug("stanza", extra=fields)


def describe(route: Route) -> str:
    """Give a route in words."""
    match route:
        case ToHome():
            return "to home"
        case ToPartner():
            return "to partner"
        case Answer(_, reason):
            return f"answered: {reason}"
        case Discard(reason):
            return f"dropped: {reason}"
        case Commit(event=event):
            return f"contact: {event.value}"
        case _ as never:
            assert_never(never)
