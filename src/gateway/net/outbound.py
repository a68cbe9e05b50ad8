"""A stream that we open to a partner to send stanzas, for one pair of domains."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol, assert_never

from typing_extensions import override

from gateway.model.peer import Method
from gateway.net.dialled import DialledConnection, StreamFailedError, StreamFailure
from gateway.policy.methods import method_set
from gateway.xmpp.events import (
    Acknowledged,
    Authorized,
    Closed,
    Failed,
    FailureReason,
    NeedPeerProof,
    NeedVerification,
    PeerHeader,
    Pinged,
    StanzaReceived,
    StanzaRefused,
    StartTls,
    StreamEvent,
    Verified,
)
from gateway.xmpp.outbound import OutboundState, OutboundStream

if TYPE_CHECKING:
    import asyncio

    from gateway.errors import StanzaCondition
    from gateway.model.envelope import Envelope
    from gateway.net.dialler import Dialling
    from gateway.policy.partner import Partner
    from gateway.xmpp.configs import OutboundConfig

IDLE_SHARE: Final = 0.8

__all__ = ["OutboundConnection", "OutboundOwner", "StreamFailedError", "StreamFailure"]


class PartnerInbox(Protocol):
    """Who takes what partners send."""

    def stanza_from_partner(self, connection: OutboundConnection, envelope: Envelope) -> None:
        """Route a stanza of an authorized pair."""
        ...

    def refuse_from_partner(
        self, connection: OutboundConnection, envelope: Envelope, condition: StanzaCondition, text: str
    ) -> None:
        """Answer a stanza that goes nowhere."""
        ...


class OutboundOwner(Protocol):
    """Who asked for the stream."""

    def outbound_lost(self, connection: OutboundConnection) -> None:
        """Take note that the connection is gone, or that it takes no more stanzas."""
        ...

    def outbound_acknowledged(self, connection: OutboundConnection, count: int) -> None:
        """Take note that the partner has ``count`` more of the stanzas that it was sent."""
        ...

    def outbound_writable(self, connection: OutboundConnection) -> None:
        """Take note that the partner takes data again."""
        ...


class OutboundConnection(DialledConnection):
    """One connection that we made; ``ready`` is done when the pair is authorized, or fails with the reason."""

    def __init__(
        self, owner: OutboundOwner, config: OutboundConfig, dialling: Dialling, *, inbox: PartnerInbox | None = None
    ) -> None:
        """Speak first as soon as the connection is made; with an ``inbox`` the partner may send over it too."""
        config = replace(config, bidi=inbox is not None)
        self.stream = OutboundStream(config)
        super().__init__(self.stream, config, dialling)
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self._owner = owner
        self._inbox = inbox

    @property
    def home(self) -> str:
        """The home domain that it is for."""
        return self.config.home

    @property
    def is_ours(self) -> bool:
        """Whether it is our part to close it when it is idle."""
        return True

    @property
    def usable(self) -> bool:
        """Whether stanzas can be given to it now."""
        return self.stream.state is OutboundState.OPEN

    @property
    def authenticated(self) -> bool:
        """Whether the pair is authorized."""
        return bool(self.stream.pairs)

    @property
    def acknowledges(self) -> bool:
        """Whether the partner tells how many stanzas it has (XEP-0198)."""
        return self.stream.acknowledging

    @property
    def ended_well(self) -> bool:
        """Whether the partner said the end of its stream, and so has read all of ours."""
        return self.stream.peer_ended

    @property
    def may_skip_external(self) -> bool:
        """Whether the peer refused our certificate and then the stream, so that one without it may come up."""
        refused = self.stream.external_refused and not self.config.skip_external
        return refused and self.failure is not None and self.failure.code == FailureReason.PEER_CLOSED

    def is_allowed(self, partner: Partner) -> bool:
        """Whether the present settings of the partner allow how this stream came up."""
        methods = method_set(partner)
        both_ways = not self.stream.bidirectional or Method.EXTERNAL in methods
        return both_ways and all(pair.method in methods for pair in self.stream.pairs)

    def probe_after(self, interval: float) -> float:
        """Give after how much silence to show that we live: our ``interval``, or sooner if the partner bears less."""
        idle = self.stream.peer_limits.idle_seconds
        return min(interval, idle * IDLE_SHARE) if idle else interval

    def send(self, envelope: Envelope) -> bool:
        """Write a stanza of the pair; False if it is larger than the partner takes (XEP-0478). The stream is usable."""
        limit = self.stream.peer_limits.max_bytes
        if limit and len(envelope.raw) > limit:
            return False
        self.stanzas_out += 1
        self.last_stanza = self.clock.monotonic()
        self.stream.send_stanza(envelope)
        self.wake()
        return True

    @override
    def on_writable(self) -> None:
        self._owner.outbound_writable(self)

    @override
    def on_lost(self) -> None:
        super().on_lost()
        self._settle(StreamFailure("connection-lost", "the connection was cut"))
        self._owner.outbound_lost(self)

    @override
    def handle(self, event: StreamEvent) -> None:
        match event:
            case StartTls():
                self.begin_client_tls()
            case NeedPeerProof(domain):
                self.stream.peer_proof(self.prove(domain))
            case Authorized():
                if not self.ready.done():
                    self.ready.set_result(None)
            case Acknowledged(count):
                self._owner.outbound_acknowledged(self, count)
            case Failed(reason, text):
                self.note_failure(StreamFailure(reason.value, text))
            case Closed():
                self._settle(StreamFailure("connection-lost", event.text))
                self._owner.outbound_lost(self)
            case StanzaReceived() | StanzaRefused():
                self._take(event)
            case PeerHeader() | Pinged() | NeedVerification() | Verified():
                pass  # an outbound stream proves nobody
            case _ as never:
                assert_never(never)

    def _take(self, event: StanzaReceived | StanzaRefused) -> None:
        """Hand on what the partner sent over a stream that was made to go both ways."""
        if self._inbox is None:
            return
        if isinstance(event, StanzaRefused):
            self._inbox.refuse_from_partner(self, event.envelope, event.condition, event.text)
            return
        self.stanzas_in += 1
        self.last_stanza = self.clock.monotonic()
        self._inbox.stanza_from_partner(self, event.envelope)

    def _settle(self, otherwise: StreamFailure) -> None:
        if not self.ready.done():
            self.note_failure(otherwise)
            self.ready.set_exception(StreamFailedError(self.failure or otherwise))
            # Whoever gave up waiting does not look at it any more.
            self.ready.exception()
