"""A stream that we open to a partner, for one pair of domains."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, assert_never

from typing_extensions import override

from edgecert.shared.errors import MaterialError
from gateway.errors import Condition, GatewayError
from gateway.model.peer import Direction, Proof
from gateway.net.connection import Connection
from gateway.tls.channel import TlsChannel
from gateway.tls.identity import PeerCertificateError, verify_peer
from gateway.xmpp.configs import PeerProofResult, TlsInfo
from gateway.xmpp.events import (
    Authorized,
    Closed,
    Failed,
    FailureReason,
    NeedPeerProof,
    PeerHeader,
    Pinged,
    StanzaReceived,
    StanzaRefused,
    StartTls,
    StreamEvent,
)
from gateway.xmpp.outbound import OutboundState, OutboundStream

if TYPE_CHECKING:
    import asyncio

    from edgecert.shared.clock import Clock
    from gateway.model.envelope import Envelope
    from gateway.net.metrics import Metrics
    from gateway.net.registry import ConnectionRegistry
    from gateway.tls.context import TlsContexts
    from gateway.tls.slot import ContextSlot
    from gateway.xmpp.configs import OutboundConfig

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StreamFailure:
    """Why a stream did not come up: a code, and words for people."""

    code: str
    text: str

    @property
    def is_reset(self) -> bool:
        """Whether the peer ended the stream only to have another one (RFC 6120 §4.9.3.16)."""
        return self.code == FailureReason.PEER_STREAM_ERROR and self.text.startswith(Condition.RESET.value)

    @override
    def __str__(self) -> str:
        """Give both."""
        return f"{self.code}: {self.text}" if self.text else self.code


class StreamFailedError(GatewayError):
    """A stream to a partner did not come up."""

    code = "stream-failed"

    def __init__(self, failure: StreamFailure) -> None:
        """Keep ``failure``."""
        super().__init__(str(failure), code=failure.code)
        self.failure = failure


class OutboundOwner(Protocol):
    """Who asked for the stream."""

    def outbound_lost(self, connection: OutboundConnection) -> None:
        """Take note that the connection is gone, or that it takes no more stanzas."""
        ...

    def outbound_writable(self, connection: OutboundConnection) -> None:
        """Take note that the partner takes data again."""
        ...


class OutboundConnection(Connection[StreamEvent]):
    """One connection that we made; ``ready`` is done when the pair is authorized, or fails with the reason."""

    direction = Direction.OUTBOUND

    def __init__(
        self,
        owner: OutboundOwner,
        config: OutboundConfig,
        slot: ContextSlot,
        *,
        clock: Clock,
        metrics: Metrics,
        registry: ConnectionRegistry,
    ) -> None:
        """Speak first as soon as the connection is made."""
        self.stream = OutboundStream(config)
        super().__init__(self.stream, clock, registry)
        self.config = config
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self._owner = owner
        self._slot = slot
        self._metrics = metrics
        self._contexts: TlsContexts | None = None
        self._failure: StreamFailure | None = None

    @property
    def generation(self) -> tuple[str, int]:
        """Lineage and generation that we showed; nothing before TLS."""
        return self.tls.generation if self.tls is not None else ("", 0)

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
        return False

    @property
    def ended_well(self) -> bool:
        """Whether the partner said the end of its stream, and so has read all of ours."""
        return self.stream.peer_ended

    def send(self, envelope: Envelope) -> None:
        """Write a stanza of the pair; the stream is usable."""
        self.stanzas += 1
        self.last_stanza = self.clock.monotonic()
        self.stream.send_stanza(envelope)
        self.wake()

    @override
    def on_connected(self) -> None:
        if self.config.direct_tls:
            self._begin_tls()
        else:
            self.process()

    @override
    def on_tls_up(self, tls: TlsChannel) -> None:
        self._metrics.handshake("outbound", "ok")
        self.stream.tls_established(TlsInfo(tls.version, tls.cipher, direct=self.config.direct_tls))

    @override
    def on_tls_failed(self, reason: str) -> None:
        self._metrics.handshake("outbound", "failed", reason)
        self._failure = self._failure or StreamFailure("tls-failed", reason)

    @override
    def on_writable(self) -> None:
        self._owner.outbound_writable(self)

    @override
    def on_lost(self) -> None:
        if self.tls is not None and not self.tls.handshake_done and self._failure is None:
            self._metrics.handshake("outbound", "failed", "connection lost")
        self._settle(StreamFailure("connection-lost", "the connection was cut"))
        self._owner.outbound_lost(self)

    @override
    def handle(self, event: StreamEvent) -> None:
        match event:
            case StartTls():
                self._begin_tls()
            case NeedPeerProof(domain):
                self.stream.peer_proof(self._prove(domain))
            case Authorized():
                if not self.ready.done():
                    self.ready.set_result(None)
            case Failed(reason, text):
                self._failure = self._failure or StreamFailure(reason.value, text)
            case Closed():
                self._settle(StreamFailure("connection-lost", event.text))
                self._owner.outbound_lost(self)
            case PeerHeader() | Pinged() | StanzaReceived() | StanzaRefused():
                pass  # an outbound stream brings no stanzas
            case _ as never:
                assert_never(never)

    def _settle(self, otherwise: StreamFailure) -> None:
        if not self.ready.done():
            self.ready.set_exception(StreamFailedError(self._failure or otherwise))
            # Whoever gave up waiting does not look at it any more.
            self.ready.exception()

    def _begin_tls(self) -> None:
        self._contexts = self._slot.current
        try:
            channel = TlsChannel.client(
                self._contexts, self.config.home, self.config.domain, direct=self.config.direct_tls
            )
        except MaterialError as error:
            self._failure = StreamFailure(error.code, error.message)
            self.abort()
            return
        self.begin_tls(channel)

    def _prove(self, domain: str) -> PeerProofResult:
        if self.tls is None or self._contexts is None:
            return PeerProofResult(None, "there is no TLS")
        try:
            verify_peer(self.tls.peer_chain, domain, trust=self._contexts.trust, now=self.clock.now())
        except PeerCertificateError as error:
            self._metrics.refused("outbound", error.fault.value)
            fields = {"domain": domain, "peer": self.peer_address, "fault": error.fault.value, "why": error.message}
            logger.warning("partner's certificate refused", extra=fields)
            return PeerProofResult(None, error.message)
        return PeerProofResult(Proof.PKIX)
