"""What server-to-server streams of both directions share: acknowledgements of stanzas, and signs of life."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from gateway.errors import Condition, LocalProtocolError
from gateway.xmpp import acks
from gateway.xmpp import namespaces as ns
from gateway.xmpp.acks import Acks
from gateway.xmpp.element import Element, write_element
from gateway.xmpp.events import Acknowledged, Pinged, StreamEvent
from gateway.xmpp.stanza import read_envelope
from gateway.xmpp.stream import StateT, Step, StreamMachine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.model.envelope import Envelope, StanzaKind
    from gateway.xmpp.configs import StreamLimits
    from gateway.xmpp.xml import ElementReceived

_PING_ID: Final = "keep-alive-"
_ACK_NAMES: Final = frozenset({acks.REQUEST_NAME, acks.ANSWER_NAME, acks.ENABLED_NAME, acks.FAILED_NAME})


class ServerStream(StreamMachine[StateT, StreamEvent]):
    """A stream between servers; both ends may count what they got and say so (XEP-0198)."""

    def __init__(
        self,
        table: Mapping[tuple[StateT, Step], StateT],
        state: StateT,
        *,
        waiting: frozenset[StateT],
        limits: StreamLimits,
    ) -> None:
        """Start in ``state``; in the ``waiting`` states nothing that the peer sent is looked at."""
        super().__init__(table, state, waiting=waiting, limits=limits)
        self._acks = Acks()
        self.bidirectional = False
        """Whether stanzas may go against the direction in which the stream was opened (XEP-0288)."""
        self._pings = 0

    @property
    def acknowledging(self) -> bool:
        """Whether the peer will say that it has the next stanza."""
        return self._acks.counts_sent

    def ping(self) -> None:
        """Show that we live and ask whether the peer does: nothing happens if it does not answer.

        Raises:
            LocalProtocolError: the stream is not open.
        """
        if not self._may(Step.ACK) or self._closing is not None:
            message = f"a ping in state {self._state.value}"
            raise LocalProtocolError(message)
        self._say(self._probe())

    def _probe(self) -> bytes:
        """Give what makes the peer answer: a request for an acknowledgement, or a ping where stanzas go both ways.

        Elsewhere it is white space, which at least its TCP answers.
        """
        if self._acks.counts_sent or not self.bidirectional:
            return self._acks.request(probe=True) or b" "
        self._pings += 1
        home, partner = self._ends
        attributes = {"type": "get", "from": home, "to": partner, "id": self._ping_id}
        return write_element(Element(ns.SERVER, "iq", attributes, (Element(ns.PING, "ping"),)), ns.SERVER)

    @property
    def _ping_id(self) -> str:
        return f"{_PING_ID}{self._pings}"

    @property
    @abstractmethod
    def _ends(self) -> tuple[str, str]:
        """The home domain and the partner's domain of the stream's header."""

    def _take_stanza(self, event: ElementReceived, kind: StanzaKind) -> Envelope | None:
        """Give a stanza that was received and is now ours to care for; None if it ends here.

        Raises:
            RemoteProtocolError: an address is missing or is no JID.
        """
        envelope = read_envelope(event, kind)
        ending = self._closing.condition if self._closing is not None else None
        if ending is Condition.POLICY_VIOLATION:
            return None  # who is not let in any more, or not in this way, brings nothing until it has noticed
        if ending is not None and self._acks.counts_received:
            return None  # what comes after our last acknowledgement is sent again over another stream
        self._acks.note_received()
        home, partner = self._ends
        answered = self._pings and envelope.id == self._ping_id and envelope.kind == "iq"
        if answered and envelope.pair == (partner, home) and envelope.type in {"result", "error"}:
            self._events.append(Pinged())  # it answers our probe
            return None
        return envelope

    @override
    def data_to_send(self) -> bytes:
        if not self._closed and self._closing is None and (request := self._acks.request()):
            self._say(request)
        return super().data_to_send()

    @override
    def _say_goodbye(self, condition: Condition | None, text: str) -> None:
        if self._header_said and (answer := self._acks.answer()):
            self._say(answer)  # XEP-0198 §4: so that the peer does not send again what is here
        super()._say_goodbye(condition, text)

    def _take_ack(self, event: ElementReceived) -> bool:
        """Do what an element of XEP-0198 asks for that either end may send; give whether it was one."""
        if event.name not in _ACK_NAMES or not self._may(Step.ACK):
            return False
        if event.name == acks.REQUEST_NAME:
            if self._closing is None:
                self._say(self._acks.answer())
        elif event.name == acks.ENABLED_NAME:
            if self._acks.counts_sent:  # we asked for it
                self._acks.begin(sent=False)
        elif event.name == acks.FAILED_NAME:
            self._tell(self._acks.give_up())
        elif event.name == acks.ANSWER_NAME and self._acks.counts_sent:
            self._tell(self._acks.take_answer(event))
        return True

    def _tell(self, count: int) -> None:
        if count:
            self._events.append(Acknowledged(count))
