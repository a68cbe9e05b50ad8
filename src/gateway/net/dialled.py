"""A connection that we make to a partner, whatever for: TLS as client, and the proof of who answers."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import override

from edgecert.shared.errors import MaterialError
from gateway.errors import Condition, GatewayError
from gateway.model.peer import Direction, Proof
from gateway.net.connection import Connection
from gateway.tls.channel import TlsChannel
from gateway.tls.identity import PeerCertificateError, verify_peer
from gateway.xmpp.configs import PeerProofResult, TlsInfo
from gateway.xmpp.events import FailureReason, StreamEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509

    from gateway.net.dialler import Dialling
    from gateway.tls.context import TlsContexts
    from gateway.tls.trust import TrustStore
    from gateway.xmpp.configs import OutboundConfig
    from gateway.xmpp.initiating import InitiatingStream

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


class DialledConnection(Connection[StreamEvent]):
    """One connection that we made; its stream speaks first."""

    direction = Direction.OUTBOUND

    def __init__(self, stream: InitiatingStream, config: OutboundConfig, dialling: Dialling) -> None:
        """Speak first as soon as the connection is made."""
        super().__init__(stream, dialling.clock, dialling.registry)
        self.config = config
        self.failure: StreamFailure | None = None
        """Why it did not come to what it was made for; the first reason stays."""
        self._initiating = stream
        self._slot = dialling.slot
        self._metrics = dialling.metrics
        self._contexts: TlsContexts | None = None

    @property
    def generation(self) -> tuple[str, int]:
        """Lineage and generation that we showed; nothing before TLS."""
        return self.tls.generation if self.tls is not None else ("", 0)

    def note_failure(self, failure: StreamFailure) -> None:
        """Keep the first reason."""
        self.failure = self.failure or failure

    def begin_client_tls(self) -> None:
        """Begin TLS with the certificates of this moment."""
        self._contexts = self._slot.current
        try:
            channel = TlsChannel.client(
                self._contexts, self.config.home, self.config.domain, direct=self.config.direct_tls
            )
        except MaterialError as error:
            self.note_failure(StreamFailure(error.code, error.message))
            self.abort()
            return
        self.begin_tls(channel)

    def prove(self, domain: str) -> PeerProofResult:
        """Give the verdict on the peer's certificate."""
        if self.tls is None or self._contexts is None:
            return PeerProofResult(None, "there is no TLS")
        try:
            self._verify(self.tls.peer_chain, domain, self._contexts.trust)
        except PeerCertificateError as error:
            self._metrics.refused("outbound", error.fault.value)
            fields = {"domain": domain, "peer": self.peer_address, "fault": error.fault.value, "why": error.message}
            logger.warning("partner's certificate refused", extra=fields)
            return PeerProofResult(None, error.message)
        return PeerProofResult(Proof.PKIX)

    def _verify(self, chain: Sequence[x509.Certificate], domain: str, trust: TrustStore) -> None:
        """Verify that ``chain`` proves ``domain``, or the server that DNSSEC proves to be its own."""
        now = self.clock.now()
        try:
            verify_peer(chain, domain, trust=trust, now=now)
        except PeerCertificateError:
            if not self.config.delegated_to:
                raise
            with suppress(PeerCertificateError):
                verify_peer(chain, self.config.delegated_to, trust=trust, now=now)
                return
            raise

    @override
    def on_connected(self) -> None:
        if self.config.direct_tls:
            self.begin_client_tls()
        else:
            self.process()

    @override
    def on_tls_up(self, tls: TlsChannel) -> None:
        self._metrics.handshake("outbound", "ok")
        self._initiating.tls_established(TlsInfo(tls.version, tls.cipher, direct=self.config.direct_tls))

    @override
    def on_tls_failed(self, reason: str) -> None:
        self._metrics.handshake("outbound", "failed", reason)
        self.note_failure(StreamFailure("tls-failed", reason))

    @override
    def on_lost(self) -> None:
        if self.tls is not None and not self.tls.handshake_done and self.failure is None:
            self._metrics.handshake("outbound", "failed", "connection lost")
