"""Stanzas to a partner over a stream that the partner opened (XEP-0288)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gateway.errors import Condition
    from gateway.model.envelope import Envelope
    from gateway.model.peer import PairAuthorization
    from gateway.net.inbound import InboundConnection
    from gateway.policy.partner import Partner
    from gateway.xmpp.inbound import InboundStream


class Probed(Protocol):
    """A stream that can show that we live."""

    def ping(self) -> None:
        """Make the peer answer."""
        ...


class Resting(Protocol):
    """A stream that can give memory back."""

    def rest(self) -> bool:
        """Need less memory until the peer says something."""
        ...


class Carrier(Protocol):
    """What carries a pair's stanzas: a stream of our own, or the partner's where that goes both ways."""

    congested: bool
    last_stanza: float
    last_sent: float
    last_received: float

    @property
    def stream(self) -> Probed:
        """The stream."""
        ...

    @property
    def machine(self) -> Resting:
        """The stream again, as the connection knows it."""
        ...

    @property
    def peer_address(self) -> str:
        """Who is at the other end."""
        ...

    @property
    def generation(self) -> tuple[str, int]:
        """Lineage and generation of our certificate that TLS began with; nothing without TLS."""
        ...

    @property
    def tls_begun_at(self) -> float:
        """When that was, by the monotonic clock; 0 without TLS."""
        ...

    @property
    def is_ours(self) -> bool:
        """Whether it is our part to close it when it is idle."""
        ...

    @property
    def usable(self) -> bool:
        """Whether stanzas can be given to it now."""
        ...

    @property
    def authenticated(self) -> bool:
        """Whether the pair is authorized."""
        ...

    @property
    def acknowledges(self) -> bool:
        """Whether the partner tells how many stanzas it has."""
        ...

    @property
    def ended_well(self) -> bool:
        """Whether the partner said the end of its stream, and so has read all of ours."""
        ...

    def is_allowed(self, partner: Partner) -> bool:
        """Whether the present settings of the partner allow it."""
        ...

    def probe_after(self, interval: float) -> float:
        """Give after how much silence to show that we live."""
        ...

    def send(self, envelope: Envelope) -> bool:
        """Write a stanza; False if it is larger than the partner takes."""
        ...

    def flush(self) -> None:
        """Write now what is to be written."""
        ...

    def wake(self) -> None:
        """Write soon what is to be written."""
        ...

    def close(self, condition: Condition | None = None, text: str = "") -> None:
        """End it in good order."""
        ...

    def abort(self) -> None:
        """Cut it."""
        ...


class CarrierOwner(Protocol):
    """The pair whose stanzas are carried."""

    def outbound_lost(self, connection: Carrier) -> None:
        """Take note that it carries nothing any more."""
        ...

    def outbound_acknowledged(self, connection: Carrier, count: int) -> None:
        """Take note that the partner has ``count`` more of the stanzas that it was sent."""
        ...

    def outbound_writable(self, connection: Carrier) -> None:
        """Take note that the partner takes data again."""
        ...


class BidiCarrier:
    """One pair's use of a stream that the partner opened. Closing it only ends the use: the stream is the partner's."""

    is_ours = False

    def __init__(self, connection: InboundConnection, owner: CarrierOwner, home: str, partner: str) -> None:
        """Carry stanzas from ``home`` to ``partner`` for ``owner``."""
        self.owner = owner
        self.last_stanza = connection.clock.monotonic()
        self._connection = connection
        self._ends = home, partner
        self._left = False

    @property
    def stream(self) -> InboundStream:
        """The stream."""
        return self._connection.stream

    @property
    def machine(self) -> InboundStream:
        """The stream."""
        return self._connection.stream

    @property
    def peer_address(self) -> str:
        """Who is at the other end."""
        return self._connection.peer_address

    @property
    def generation(self) -> tuple[str, int]:
        """Lineage and generation of our certificate that TLS began with; nothing without TLS."""
        return self._connection.generation

    @property
    def tls_begun_at(self) -> float:
        """When that was, by the monotonic clock; 0 without TLS."""
        return self._connection.tls_begun_at

    @property
    def congested(self) -> bool:
        """Whether the partner takes its data more slowly than we have it."""
        return self._connection.congested

    @congested.setter
    def congested(self, value: bool) -> None:
        self._connection.congested = value

    @property
    def last_sent(self) -> float:
        """When something was last written."""
        return self._connection.last_sent

    @last_sent.setter
    def last_sent(self, value: float) -> None:
        self._connection.last_sent = value

    @property
    def last_received(self) -> float:
        """When something last came."""
        return self._connection.last_received

    @last_received.setter
    def last_received(self, value: float) -> None:
        self._connection.last_received = value

    @property
    def usable(self) -> bool:
        """Whether stanzas can be given to it now."""
        return not self._left and self._connection.stream.is_open and self._connection.stream.carries(*self._ends)

    @property
    def authenticated(self) -> bool:
        """Whether it counts as a stream of our own: never."""
        return False

    @property
    def acknowledges(self) -> bool:
        """Whether the partner tells how many stanzas it has."""
        return self._connection.stream.acknowledging

    @property
    def ended_well(self) -> bool:
        """Whether the partner said the end of its stream."""
        return self._connection.stream.peer_ended

    def is_allowed(self, partner: Partner) -> bool:
        """Whether the stream still holds the pair; its other side looks after the partner's settings."""
        del partner
        return self._connection.stream.carries(*self._ends)

    def probe_after(self, interval: float) -> float:
        """Give ``interval``: a partner says its limits only on streams that it accepts."""
        return interval

    def send(self, envelope: Envelope) -> bool:
        """Write a stanza."""
        self.last_stanza = self._connection.clock.monotonic()
        self._connection.send(envelope, self)
        return True

    def flush(self) -> None:
        """Write now what is to be written."""
        self._connection.flush()

    def wake(self) -> None:
        """Write soon what is to be written."""
        self._connection.wake()

    def close(self, condition: Condition | None = None, text: str = "") -> None:
        """Use it no more; what was sent is still acknowledged."""
        del condition, text
        self._left = True

    def abort(self) -> None:
        """Cut the partner's stream."""
        self._connection.abort()


class Carriers:
    """All that use one inbound stream, and whose stanza was whose."""

    __slots__ = ("_all", "_sent")

    def __init__(self) -> None:
        """Begin with none."""
        self._all: list[BidiCarrier] = []
        self._sent: deque[BidiCarrier] | None = None  # an empty one takes more than the stream's other books together

    def add(self, carrier: BidiCarrier) -> None:
        """Take note of one more."""
        self._all.append(carrier)

    def note_sent(self, carrier: BidiCarrier) -> None:
        """Take note of whose stanza was sent last."""
        if self._sent is None:
            self._sent = deque()
        self._sent.append(carrier)

    def acknowledged(self, count: int) -> None:
        """Tell each whose stanzas the partner has."""
        sent = self._sent
        for _ in range(min(count, len(sent or ()))):
            if sent:
                carrier = sent.popleft()
                carrier.owner.outbound_acknowledged(carrier, 1)

    def writable(self) -> None:
        """Tell all that the partner takes data again."""
        for carrier in self._all:
            carrier.owner.outbound_writable(carrier)

    def lost(self) -> None:
        """Tell all that the stream is gone."""
        carriers, self._all = self._all, []
        for carrier in carriers:
            carrier.owner.outbound_lost(carrier)


class Served(CarrierOwner, Protocol):
    """A pair that needs something to carry its stanzas."""

    home: str
    domain: str
    connection: Carrier | None

    def opened(self, connection: Carrier) -> None:
        """Send over ``connection`` from now on."""
        ...


class BothWays:
    """The partners' streams that may carry stanzas to them, by pair."""

    def __init__(self) -> None:
        """Know of none."""
        self._streams: dict[tuple[str, str], InboundConnection] = {}

    def add(self, connection: InboundConnection, pair: PairAuthorization) -> None:
        """Take note of a pair that was authorized on ``connection``, if that goes both ways for it."""
        if connection.stream.carries(pair.home, pair.partner):
            self._streams[pair.home, pair.partner] = connection

    def discard(self, connection: InboundConnection) -> None:
        """Take note that ``connection`` is gone."""
        self._streams = {key: each for key, each in self._streams.items() if each is not connection}

    def serve(self, pair: Served) -> None:
        """Let ``pair`` use such a stream, if there is one and none of our own."""
        inbound = self._streams.get((pair.home, pair.domain)) if pair.connection is None else None
        carrier = inbound.carrier_for(pair, pair.home, pair.domain) if inbound is not None else None
        if carrier is not None:
            pair.opened(carrier)
