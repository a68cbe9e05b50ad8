"""What all streams share: one state with one table, the queues of events and bytes, and how a stream ends.

A stream does no I/O: bytes in, events and bytes out. TLS is its shell's: a stream says when to begin it
(:class:`~gateway.xmpp.events.StartTls`) and is told when it is up. What a peer does wrong never raises: the stream
queues its goodbye and emits :class:`~gateway.xmpp.events.Closed`. What the shell does wrong raises
:class:`~gateway.errors.LocalProtocolError` and changes nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from gateway.errors import Condition, LocalProtocolError, RemoteProtocolError
from gateway.xmpp.events import Closed, Pinged
from gateway.xmpp.wire import ERROR_NAME, STREAM_END, build_stream_error, read_stream_error
from gateway.xmpp.xml import ElementReceived, StreamOpened, XmlStreamParser

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.xmpp.configs import StreamLimits
    from gateway.xmpp.xml import XmlEvent


class Step(StrEnum):
    """What can happen to a stream: what the peer sends, and what the shell calls."""

    HEADER = "header"
    FEATURES = "features"
    STARTTLS = "starttls"
    PROCEED = "proceed"
    AUTH = "auth"
    RESPONSE = "response"
    FAILURE = "failure"
    SUCCESS = "success"
    RESULT = "dialback key"
    VERIFY = "dialback verification"
    VERIFIED = "verified"
    HANDSHAKE = "handshake"
    BIDI = "both directions"
    STANZA = "stanza"
    ENABLE = "enable acknowledgements"
    ACK = "acknowledgement"
    TLS_UP = "tls up"
    PROVED = "proved"
    SEND = "send"
    CLOSE = "close"
    END = "end"


StateT = TypeVar("StateT", bound=StrEnum)
EventT = TypeVar("EventT")


class StreamMachine(ABC, Generic[StateT, EventT]):
    """A stream without I/O: ``receive_data`` in, ``events_received`` and ``data_to_send`` out.

    A step that the table does not have leaves the state as it was: from the shell it raises
    :class:`~gateway.errors.LocalProtocolError`, from the peer it ends the stream.
    """

    def __init__(
        self,
        table: Mapping[tuple[StateT, Step], StateT],
        state: StateT,
        *,
        waiting: frozenset[StateT],
        limits: StreamLimits,
    ) -> None:
        """Start in ``state``; in the ``waiting`` states nothing that the peer sent is looked at."""
        self._table = table
        self._state = state
        self._waiting = waiting
        self._limits = limits
        self._parser = XmlStreamParser(limits)
        self._out: list[bytes] = []
        self._events: list[EventT | Pinged | Closed] = []
        self._header_said = False
        self._closing: Closed | None = None
        self._closed = False
        self.peer_ended = False
        """Whether the peer said the end of its stream, without an error."""

    # --- what the shell calls

    @property
    def state(self) -> StateT:
        """The one state."""
        return self._state

    @property
    def closed(self) -> bool:
        """Whether the stream has ended; what is left in ``data_to_send`` is its goodbye."""
        return self._closed

    @property
    def held(self) -> int:
        """How many octets came and were not read yet."""
        return self._parser.held

    @property
    def max_held(self) -> int:
        """How many it may need to hold for the largest stanza."""
        return self._limits.max_stanza_size

    def receive_data(self, data: bytes) -> None:
        """Take ``data`` from the peer. After the end of the stream it is thrown away.

        Raises:
            LocalProtocolError: TLS is being negotiated; the bytes belong to it.
        """
        if self._closed:
            return
        if not self._reads_xml():
            message = f"bytes for the stream in state {self._state.value}"
            raise LocalProtocolError(message)
        if self._parser.feed(data):
            self._events.append(Pinged())
        self._pump()

    def receive_eof(self) -> None:
        """Take note that the connection is gone."""
        if not self._closed:
            self._conclude(
                self._closing or Closed(by_peer=True, text="the connection was closed without the end of the stream")
            )

    def events_received(self) -> list[EventT | Pinged | Closed]:
        """Give what happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    def data_to_send(self) -> bytes:
        """Give what is to be written since the last call."""
        data = b"".join(self._out)
        self._out.clear()
        return data

    def close(self, condition: Condition | None = None, text: str = "") -> None:
        """End the stream, with a stream error if ``condition`` is given.

        A stream that is ready says its goodbye and goes on reading until the peer has said its own; any other one ends
        at once. Closing an ended stream does nothing; closing a closing one gives up waiting for the peer.
        """
        if self._closed:
            return
        ending = self._closing or Closed(condition, text=text)
        if self._closing is None and self._may(Step.CLOSE):
            self._advance(Step.CLOSE)
            self._closing = ending
            self._say_goodbye(condition, text)
            return
        if self._closing is None:
            self._say_goodbye(condition, text)
        self._conclude(ending)

    def rest(self) -> bool:
        """Need less memory until the peer says something, if that is possible; say whether any was freed now."""
        return not self._closed and self._reads_xml() and self._parser.rest()

    # --- what a kind of stream is made of

    @abstractmethod
    def _on_header(self, event: StreamOpened) -> None:
        """Take the peer's stream header."""

    @abstractmethod
    def _on_element(self, event: ElementReceived) -> None:
        """Take a child of the peer's stream that is no stream error."""

    @abstractmethod
    def _say_header(self) -> None:
        """Say our own header, because a stream error needs one before it; say nothing if there can be none."""

    def _reads_xml(self) -> bool:
        """Whether bytes belong to the stream now."""
        return True

    # --- machinery

    def _may(self, step: Step) -> bool:
        return (self._state, step) in self._table

    def _advance(self, step: Step) -> None:
        """Go where the table says.

        Raises:
            LocalProtocolError: the table has no such step.
        """
        try:
            self._state = self._table[self._state, step]
        except KeyError:
            message = f"{step.value} is not possible in state {self._state.value}"
            raise LocalProtocolError(message) from None

    def _say(self, data: bytes) -> None:
        self._out.append(data)

    def _pump(self) -> None:
        """Look at what the peer has sent until something is missing."""
        try:
            while not self._closed and self._state not in self._waiting:
                event = self._parser.next_event()
                if event is None:
                    return
                self._handle(event)
        except RemoteProtocolError as fault:
            self._fail(fault.condition, fault.text)

    def _handle(self, event: XmlEvent) -> None:
        if isinstance(event, ElementReceived):
            if event.name == ERROR_NAME:
                self._on_stream_error(event)
            else:
                self._on_element(event)
        elif isinstance(event, StreamOpened):
            self._on_header(event)
        else:
            self._on_stream_end()

    def _restart(self, *, authenticated: bool) -> None:
        """Read a new stream from here on; what the peer sent already belongs to it."""
        rest = self._parser.unread()
        self._parser = XmlStreamParser(self._limits, authenticated=authenticated)
        self._header_said = False
        self._parser.feed(rest)

    def _fail(self, condition: Condition, text: str) -> None:
        """End the stream for the peer's fault."""
        if self._closing is None:
            self._say_goodbye(condition, text)
        self._conclude(Closed(condition, text=text))

    def _say_goodbye(self, condition: Condition | None, text: str) -> None:
        if not self._reads_xml():
            return
        if condition is not None:
            if not self._header_said:
                self._say_header()  # RFC 6120 §4.9.1.2
            if self._header_said:
                self._say(build_stream_error(condition, text))
        if self._header_said:
            self._say(STREAM_END)

    def _on_stream_error(self, event: ElementReceived) -> None:
        condition, text = read_stream_error(event)
        if self._closing is None:
            self._say_goodbye(None, "")
        self._conclude(Closed(condition, by_peer=True, text=text))

    def _on_stream_end(self) -> None:
        self.peer_ended = True
        if self._closing is not None:
            self._conclude(self._closing)
            return
        self._say_goodbye(None, "")
        self._conclude(Closed(by_peer=True))

    def _conclude(self, ending: Closed) -> None:
        """End now; nothing happens after it."""
        self._advance(Step.END)
        self._closed = True
        self._events.append(ending)
