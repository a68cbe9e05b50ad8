"""Acknowledgements of stanzas (XEP-0198) without I/O: counted both ways, asked for, answered. Nobody resumes.

A peer's ``<a/>`` says how many stanzas it has; until then a stanza may have been lost with the connection. One request
is under way at a time: the next goes with what was sent in the meantime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.errors import Condition, RemoteProtocolError
from gateway.xmpp import namespaces as ns
from gateway.xmpp.element import SEPARATOR
from gateway.xmpp.wire import is_number

if TYPE_CHECKING:
    from gateway.xmpp.xml import ElementReceived

FEATURE: Final = f"<sm xmlns='{ns.SM}'/>"
ENABLE: Final = f"<enable xmlns='{ns.SM}'/>".encode()
ENABLED: Final = f"<enabled xmlns='{ns.SM}'/>".encode()
REQUEST: Final = f"<r xmlns='{ns.SM}'/>".encode()
FAILED: Final = (
    f"<failed xmlns='{ns.SM}'><unexpected-request xmlns='{ns.STANZA_ERRORS}'/></failed>"
).encode()  # XEP-0198 §5: also what a peer gets that wants to resume

ENABLE_NAME: Final = f"{ns.SM}{SEPARATOR}enable"
RESUME_NAME: Final = f"{ns.SM}{SEPARATOR}resume"
ENABLED_NAME: Final = f"{ns.SM}{SEPARATOR}enabled"
FAILED_NAME: Final = f"{ns.SM}{SEPARATOR}failed"
REQUEST_NAME: Final = f"{ns.SM}{SEPARATOR}r"
ANSWER_NAME: Final = f"{ns.SM}{SEPARATOR}a"

_MODULUS: Final = 2**32  # XEP-0198 §4


class Acks:
    """The counts of one stream, in both directions."""

    __slots__ = ("_acknowledged", "_received", "_requested", "_sent", "counts_received", "counts_sent")

    def __init__(self) -> None:
        """Begin without acknowledgements."""
        self.counts_sent = False
        """Whether the peer will say how many of our stanzas it has."""
        self.counts_received = False
        """Whether we say it of the peer's."""
        self._sent = 0
        self._acknowledged = 0
        self._received = 0
        self._requested: int | None = None

    @property
    def outstanding(self) -> int:
        """How many of our stanzas the peer has not acknowledged."""
        return self._sent - self._acknowledged

    def begin(self, *, sent: bool = True, received: bool = True) -> None:
        """Count from here on."""
        self.counts_sent = self.counts_sent or sent
        self.counts_received = self.counts_received or received

    def give_up(self) -> int:
        """Count no more of what we send; give how many were outstanding."""
        count, self.counts_sent = self.outstanding, False
        self._acknowledged = self._sent
        return count

    def note_sent(self) -> None:
        """Count a stanza that we sent."""
        if self.counts_sent:
            self._sent += 1

    def note_received(self) -> None:
        """Count a stanza that we took over."""
        if self.counts_received:
            self._received += 1

    def request(self, *, probe: bool = False) -> bytes:
        """Give the request that is due now, empty if none is; a ``probe`` asks although nothing is outstanding."""
        due = self.counts_sent and self._requested is None and (probe or self.outstanding > 0)
        if not due:
            return b""
        self._requested = self._sent
        return REQUEST

    def answer(self) -> bytes:
        """Give what says how many of the peer's stanzas we have; empty where that was not agreed on."""
        if not self.counts_received:
            return b""
        return f"<a xmlns='{ns.SM}' h='{self._received % _MODULUS}'/>".encode()

    def take_answer(self, event: ElementReceived) -> int:
        """Give how many more of our stanzas the peer says that it has.

        Raises:
            RemoteProtocolError: it is no number, or more than were sent (XEP-0198 §4).
        """
        text = event.attributes.get("h", "")
        if not is_number(text):
            raise RemoteProtocolError(Condition.BAD_FORMAT, "an acknowledgement without a number")
        count = (int(text) - self._acknowledged) % _MODULUS
        if count > self.outstanding:
            text = f"{text} stanzas were acknowledged and {self._sent % _MODULUS} were sent"
            raise RemoteProtocolError(Condition.UNDEFINED_CONDITION, text)
        self._acknowledged += count
        self._requested = None
        return count
