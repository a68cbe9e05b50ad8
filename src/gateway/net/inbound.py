"""A stream that a partner opened."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, Protocol, assert_never

from typing_extensions import override

from edgecert.shared.errors import MaterialError
from gateway.errors import Condition, StanzaCondition
from gateway.model.peer import Direction, Method, Proof
from gateway.net.bidi import BidiCarrier, Carriers
from gateway.net.connection import Connection
from gateway.tls.channel import TlsChannel
from gateway.tls.identity import PeerCertificateError, verify_peer
from gateway.xmpp.configs import PeerProofResult, TlsInfo
from gateway.xmpp.dialback import Verdict
from gateway.xmpp.events import (
    Acknowledged,
    Authorized,
    Closed,
    Failed,
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
from gateway.xmpp.inbound import InboundStream

if TYPE_CHECKING:
    from edgecert.shared.clock import Clock
    from gateway.model.envelope import Envelope
    from gateway.model.peer import PairAuthorization
    from gateway.net.bidi import CarrierOwner
    from gateway.net.metrics import Metrics
    from gateway.net.registry import ConnectionRegistry
    from gateway.tls.context import TlsContexts
    from gateway.tls.slot import ContextSlot
    from gateway.xmpp.configs import InboundConfig
    from gateway.xmpp.dialback import VerifyRequest

logger = logging.getLogger(__name__)

_USUAL_ENDS: Final = frozenset({Condition.CONNECTION_TIMEOUT, Condition.RESET, Condition.SYSTEM_SHUTDOWN})
_TOO_MANY: Final = "too many streams of this partner"


class InboundOwner(Protocol):
    """Who keeps the inbound streams and takes what they bring."""

    def admit(self, connection: InboundConnection) -> bool:
        """Take a new connection in; False when there are too many."""
        ...

    def may_authorize(self, domain: str) -> bool:
        """Whether one more pair of the partner that has ``domain`` may be authorized."""
        ...

    def authorized(self, connection: InboundConnection, pair: PairAuthorization) -> None:
        """Take note of an authorized pair."""
        ...

    def stanza_from_partner(self, connection: InboundConnection, envelope: Envelope) -> None:
        """Route a stanza of an authorized pair."""
        ...

    def refuse_from_partner(
        self, connection: InboundConnection, envelope: Envelope, condition: StanzaCondition, text: str
    ) -> None:
        """Answer a stanza that goes nowhere."""
        ...

    def inbound_lost(self, connection: InboundConnection) -> None:
        """Take note that the connection is gone."""
        ...

    def note_fault(self, connection: InboundConnection, pair: tuple[str, str], code: str, text: str) -> None:
        """Take note why a pair (home, partner), or all of the stream, came to nothing."""
        ...


class Verifications(Protocol):
    """Who asks authoritative servers about dialback keys."""

    def begin(self, asking: InboundConnection, request: VerifyRequest) -> None:
        """Ask about ``request``; the answer comes by :meth:`InboundConnection.verified`."""
        ...


class InboundConnection(Connection[StreamEvent]):
    """One connection that a peer made to us; counts as authenticated once a pair is authorized."""

    direction = Direction.INBOUND

    def __init__(
        self,
        owner: InboundOwner,
        config: InboundConfig,
        slot: ContextSlot,
        verifications: Verifications,
        *,
        clock: Clock,
        metrics: Metrics,
        registry: ConnectionRegistry,
        direct_tls: bool,
    ) -> None:
        """Wait for the peer's header, or with ``direct_tls`` for its handshake."""
        self.stream = InboundStream(config)
        super().__init__(self.stream, clock, registry)
        self._owner = owner
        self._slot = slot
        self._verifications = verifications
        self._carriers = Carriers()
        self._metrics = metrics
        self._direct_tls = direct_tls
        self._contexts: TlsContexts | None = None
        self._barred = False  # one stream too many: what came with it goes nowhere
        self.home = ""
        self.partner = ""
        self.why_closed = ""

    @property
    def authenticated(self) -> bool:
        """Whether the stream holds an authorized pair."""
        return bool(self.stream.pairs)

    @property
    def generation(self) -> tuple[str, int]:
        """Lineage and generation that the peer was shown; nothing before TLS."""
        return self.tls.generation if self.tls is not None and self.tls.handshake_done else ("", 0)

    def carrier_for(self, owner: CarrierOwner, home: str, partner: str) -> BidiCarrier | None:
        """Give what carries stanzas from ``home`` to ``partner`` over this stream; None if nothing may."""
        if not self.stream.is_open or not self.stream.carries(home, partner):
            return None
        carrier = BidiCarrier(self, owner, home, partner)
        self._carriers.add(carrier)
        return carrier

    def send(self, envelope: Envelope, carrier: BidiCarrier) -> None:
        """Write a stanza against the direction of the stream, which carries it."""
        self.stanzas_out += 1
        self.stream.send_stanza(envelope)
        if self.stream.acknowledging:
            self._carriers.note_sent(carrier)
        self.wake()

    @override
    def on_writable(self) -> None:
        self._carriers.writable()

    @override
    def on_connected(self) -> None:
        if not self._owner.admit(self):
            self.abort()
        elif self._direct_tls:
            self._begin_tls(None)
        else:
            self.process()

    @override
    def on_tls_up(self, tls: TlsChannel) -> None:
        self._metrics.handshake("inbound", "ok")
        self.stream.tls_established(TlsInfo(tls.version, tls.cipher, direct=self._direct_tls))

    @override
    def on_tls_failed(self, reason: str) -> None:
        self._metrics.handshake("inbound", "failed", reason)
        self.why_closed = f"TLS: {reason}"
        self._note_fault("tls-failed", reason)
        logger.info("TLS failed", extra={"direction": "inbound", "peer": self.peer_address, "reason": reason})

    @override
    def on_lost(self) -> None:
        if self.tls is not None and not self.tls.handshake_done and not self.why_closed:
            self._metrics.handshake("inbound", "failed", "connection lost")
        self._carriers.lost()
        self._owner.inbound_lost(self)

    @override
    def handle(self, event: StreamEvent) -> None:
        match event:
            case StanzaReceived() | StanzaRefused():
                self._take(event)
            case PeerHeader(from_, to):
                self.home, self.partner = to, from_
            case StartTls():
                self._begin_tls(self.home)
            case NeedPeerProof(domain):
                self.stream.peer_proof(self._prove(domain))
            case NeedVerification(request):
                self._verifications.begin(self, request)
            case Authorized(pair):
                self._note_pair(pair)
            case Acknowledged(count):
                self._carriers.acknowledged(count)
            case Closed():
                self._carriers.lost()
                self._note_end(event)
            case Pinged() | Failed() | Verified():
                pass
            case _ as never:
                assert_never(never)

    def verified(self, request: VerifyRequest, verdict: Verdict) -> None:
        """Take what the authoritative server said of a dialback key of this stream."""
        if verdict.type == "valid" and not self._owner.may_authorize(request.partner):
            verdict = Verdict("error", StanzaCondition.RESOURCE_CONSTRAINT, _TOO_MANY)
        if verdict.type != "valid":
            code = "dialback-refused" if verdict.type == "invalid" else "dialback-failed"
            text = verdict.text or f"the servers of {request.partner} do not know the key"
            self._owner.note_fault(self, (request.home, request.partner), code, text)
        self.stream.verified(request, verdict)
        self.process()

    def _note_fault(self, code: str, text: str) -> None:
        self._owner.note_fault(self, (self.home, self.partner), code, text)

    def _take(self, event: StanzaReceived | StanzaRefused) -> None:
        if self._barred:
            return
        if isinstance(event, StanzaRefused):
            self._owner.refuse_from_partner(self, event.envelope, event.condition, event.text)
        else:
            self.stanzas_in += 1
            self._owner.stanza_from_partner(self, event.envelope)

    def _note_pair(self, pair: PairAuthorization) -> None:
        if pair.method is Method.EXTERNAL and not self._owner.may_authorize(pair.partner):
            self._barred = True
            self.stream.close(Condition.POLICY_VIOLATION, _TOO_MANY)
            self.stream.close()  # at once: nothing that it brings until the peer closes may count
        else:
            self._owner.authorized(self, pair)
            # At once, so that the next new stream has the memory; the first stanza, if one comes, costs that much more.
            self._loop.call_soon(self.stream.rest)

    def _begin_tls(self, domain: str | None) -> None:
        self._contexts = self._slot.current
        try:
            channel = TlsChannel.server(self._contexts, domain, direct=self._direct_tls)
        except MaterialError:
            self._metrics.handshake("inbound", "failed", "no certificate")
            self.abort()
            return
        self.begin_tls(channel)

    def _prove(self, domain: str) -> PeerProofResult:
        if self.tls is None or self._contexts is None:
            return PeerProofResult(None, "there is no TLS")
        try:
            verify_peer(self.tls.peer_chain, domain, trust=self._contexts.trust, now=self.clock.now())
        except PeerCertificateError as error:
            self._metrics.refused("inbound", error.fault.value)
            fields = {"domain": domain, "peer": self.peer_address, "fault": error.fault.value, "why": error.message}
            logger.warning("partner's certificate refused", extra=fields)
            return PeerProofResult(None, error.message)
        return PeerProofResult(Proof.PKIX)

    def _note_end(self, event: Closed) -> None:
        if not self.why_closed:
            condition = event.condition.value if event.condition else ""
            self.why_closed = ": ".join(part for part in (condition, event.text) if part)
        if event.condition is not None and event.condition not in _USUAL_ENDS:
            self._note_fault(event.condition.value, event.text)
        fields = {
            "direction": "inbound",
            "domain": self.partner,
            "peer": self.peer_address,
            "condition": event.condition.value if event.condition else "",
            "why": event.text,
            "by_peer": event.by_peer,
        }
        # Monitors and our own verification say no name, and hang up when they have seen the certificate.
        level = logging.INFO if self.partner or not event.by_peer else logging.DEBUG
        logger.log(level, "stream closed", extra=fields)
