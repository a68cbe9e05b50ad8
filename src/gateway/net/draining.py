"""``--close-old-streams drain``: streams on a certificate that left service are replaced within a minute.

Outbound, the new stream is opened first and the queue moves to it; where the partner takes no new one it is tried again
until the minute is over, and then the old one ends all the same. Inbound, the stream is closed in good order, and the
partner opens another when it has something to say. See ``docs/howto/roll-back-and-stage.md``.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gateway.net.bidi import Carrier
    from gateway.net.hub import Hub
    from gateway.net.inbound import InboundConnection
    from gateway.net.pair import OutboundPair

logger = logging.getLogger(__name__)

DRAIN_TIME: Final = 60.0
"""Seconds within which every old stream has been replaced, or ends."""
TRY_AGAIN: Final = 10.0
"""Seconds until a new stream is tried again for an old one that is still there."""


class Draining:
    """What is left of the last request to replace old streams."""

    def __init__(self, hub: Hub) -> None:
        """Nothing was asked for."""
        self._hub = hub
        self._begun_at = 0.0
        self._next: float | None = None
        """By the monotonic clock, when to look again; None when nothing is left to do."""

    def begin(self) -> int:
        """Replace every stream that is on an old certificate, or comes up on one yet; give how many there are now."""
        self._begun_at = self._hub.dialling.clock.monotonic()
        self._next = self._begun_at + TRY_AGAIN
        return self._replace()

    def keep(self) -> None:
        """Do what time asks for: look again for old streams, and end those that are left when the time is over."""
        now = self._hub.dialling.clock.monotonic()
        if self._next is None or now < self._next:
            return
        if now - self._begun_at < DRAIN_TIME:
            self._next = now + TRY_AGAIN
            self._replace()
            return
        self._next = None
        for pair in self._pairs():
            fields = {"home": pair.home, "domain": pair.domain}
            logger.warning("a stream on an old certificate ends, and there is no new one", extra=fields)
            pair.close()
        self._close_inbound()

    def _replace(self) -> int:
        pairs = self._pairs()  # before those end that are carried by a partner's stream
        closed = self._close_inbound()
        for pair in pairs:
            pair.renew()
        return closed + len(pairs)

    def _pairs(self) -> list[OutboundPair]:
        return [pair for pair in self._hub.pairs.values() if pair.connection and self._is_due(pair.connection)]

    def _close_inbound(self) -> int:
        due = [each for each in self._hub.inbound if each.authenticated and not each.closing and self._is_due(each)]
        for connection in due:
            connection.close()
        return len(due)

    def _is_due(self, connection: InboundConnection | Carrier) -> bool:
        """Whether it is old, and was when this began: a later swap may let its own old streams live."""
        return connection.tls_begun_at <= self._begun_at and self._hub.is_old(connection)
