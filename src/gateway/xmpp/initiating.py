"""What all streams that we open share: header, features and TLS, by the row of the partner's method set.

What follows is the purpose of the stream: authenticating a pair (:mod:`gateway.xmpp.outbound`), or asking an
authoritative server about a dialback key (:mod:`gateway.xmpp.verifying`). Once TLS was begun there is no way back to
the clear.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Final

from typing_extensions import override

from gateway.errors import Condition, LocalProtocolError, RemoteProtocolError
from gateway.policy.negotiation import outbound_row
from gateway.xmpp import namespaces as ns
from gateway.xmpp import wire
from gateway.xmpp.events import Closed, Failed, FailureReason, NeedPeerProof, PeerHeader, StartTls
from gateway.xmpp.headers import prepare_domain, verify_namespaces
from gateway.xmpp.serverstream import ServerStream
from gateway.xmpp.stanza import stanza_kind
from gateway.xmpp.stream import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.model.peer import Proof
    from gateway.xmpp.configs import OutboundConfig, PeerProofResult, TlsInfo
    from gateway.xmpp.element import Element
    from gateway.xmpp.xml import ElementReceived, StreamOpened


class OutboundState(StrEnum):
    """Where a stream is that we opened."""

    CLEAR_HEADER = "waits for the header"
    CLEAR_FEATURES = "waits for features"
    PROCEEDING = "waits for proceed"
    TLS_HANDSHAKE = "TLS handshake"
    PROVING = "waits for the verdict on the certificate"
    TLS_HEADER = "waits for the header inside TLS"
    TLS_FEATURES = "waits for features inside TLS"
    AUTHENTICATING = "waits for success"
    DIALBACK = "waits for the verdict on our dialback key"
    VERIFYING = "waits for the verdict on a peer's dialback key"
    FINAL_HEADER = "waits for the header after authentication"
    FINAL_FEATURES = "waits for features after authentication"
    OPEN = "open"
    CLOSING = "waits for the peer's end"
    CLOSED = "closed"


_S = OutboundState
NEXT: Final[Mapping[tuple[OutboundState, Step], OutboundState]] = {
    (_S.CLEAR_HEADER, Step.HEADER): _S.CLEAR_FEATURES,
    (_S.CLEAR_FEATURES, Step.FEATURES): _S.PROCEEDING,
    (_S.CLEAR_FEATURES, Step.RESULT): _S.DIALBACK,
    (_S.CLEAR_FEATURES, Step.VERIFY): _S.VERIFYING,
    (_S.PROCEEDING, Step.PROCEED): _S.TLS_HANDSHAKE,
    (_S.TLS_HANDSHAKE, Step.TLS_UP): _S.PROVING,
    (_S.PROVING, Step.PROVED): _S.TLS_HEADER,
    (_S.TLS_HEADER, Step.HEADER): _S.TLS_FEATURES,
    (_S.TLS_FEATURES, Step.FEATURES): _S.AUTHENTICATING,
    (_S.TLS_FEATURES, Step.RESULT): _S.DIALBACK,
    (_S.TLS_FEATURES, Step.VERIFY): _S.VERIFYING,
    (_S.AUTHENTICATING, Step.SUCCESS): _S.FINAL_HEADER,
    (_S.AUTHENTICATING, Step.RESULT): _S.DIALBACK,
    (_S.FINAL_HEADER, Step.HEADER): _S.FINAL_FEATURES,
    (_S.FINAL_FEATURES, Step.FEATURES): _S.OPEN,
    (_S.DIALBACK, Step.VERIFIED): _S.OPEN,
    (_S.OPEN, Step.SEND): _S.OPEN,
    (_S.OPEN, Step.STANZA): _S.OPEN,
    (_S.OPEN, Step.ACK): _S.OPEN,
    (_S.OPEN, Step.CLOSE): _S.CLOSING,
    (_S.CLOSING, Step.STANZA): _S.CLOSING,
    (_S.CLOSING, Step.ACK): _S.CLOSING,
    **{(state, Step.END): _S.CLOSED for state in _S if state is not _S.CLOSED},
}


class InitiatingStream(ServerStream[OutboundState]):
    """A stream that we open for one pair, as far as TLS; nothing is said inside TLS before the peer is judged."""

    STEPS: ClassVar[Mapping[str, Step]] = {wire.FEATURES_NAME: Step.FEATURES, wire.PROCEED_NAME: Step.PROCEED}

    def __init__(self, config: OutboundConfig) -> None:
        """Say our header, or wait for ``tls_established`` if ``config`` says direct TLS."""
        super().__init__(
            NEXT,
            OutboundState.TLS_HANDSHAKE if config.direct_tls else OutboundState.CLEAR_HEADER,
            waiting=frozenset({OutboundState.PROVING, OutboundState.TLS_HANDSHAKE}),
            limits=config.limits,
        )
        self._config = config
        row = outbound_row(config.partner)
        self._row = replace(row, clear=()) if config.tls_only else row
        self._proof: Proof | None = None
        self._tls: TlsInfo | None = None
        self._peer_id = ""
        self._knows_dialback = False
        self._failed = False
        if not config.direct_tls:
            self._say_header()

    # --- what the shell calls

    @property
    def tls(self) -> TlsInfo | None:
        """What TLS agreed on, once it is up."""
        return self._tls

    def tls_established(self, info: TlsInfo) -> None:
        """Take note that TLS is up and ask for the proof of the peer.

        Raises:
            LocalProtocolError: TLS was not asked for.
        """
        if info.direct != self._config.direct_tls:
            message = "TLS came up in another way than this stream was made for"
            raise LocalProtocolError(message)
        self._advance(Step.TLS_UP)
        self._tls = info
        self._restart(authenticated=False)
        self._events.append(NeedPeerProof(self._config.domain))

    def peer_proof(self, result: PeerProofResult) -> None:
        """Take the verdict on the peer's certificate: go on, or end without having said anything inside TLS.

        Raises:
            LocalProtocolError: no proof was asked for.
        """
        if not self._may(Step.PROVED):
            message = f"a proof in state {self._state.value}"
            raise LocalProtocolError(message)
        if result.proof is None and not self._row.bad:
            self._give_up(FailureReason.PEER_CERTIFICATE, result.fault)
            return
        self._proof = result.proof
        self._advance(Step.PROVED)
        self._say_header()
        self._pump()

    # --- what a purpose adds

    @abstractmethod
    def _go_on(self, features: Element | None) -> None:
        """Do what the stream is for, now that there is as much TLS as there will be; None: the peer knows no features.

        The state is one that waits for features.
        """

    @property
    @abstractmethod
    def _came_up(self) -> bool:
        """Whether the stream has done what it is for, so that its end is no failure."""

    # --- headers and features

    @override
    def _say_header(self) -> None:
        self._header_said = True
        # No xml:lang: a peer would take it as that of every forwarded stanza that names none (RFC 6120 §8.1.5).
        dialback = bool(self._row.clear or self._row.bad)
        self._say(wire.build_header(from_=self._config.home, to=self._config.domain, dialback=dialback))

    @override
    def _on_header(self, event: StreamOpened) -> None:
        verify_namespaces(event)
        from_ = prepare_domain(event.attributes.get("from", ""))
        if from_ and from_ != self._config.domain:
            raise RemoteProtocolError(Condition.INVALID_FROM, f"{from_} answered for {self._config.domain}")
        self._peer_id = event.attributes.get("id", "")
        self._knows_dialback = ns.DIALBACK in event.scope.values()
        self._events.append(PeerHeader(from_, event.attributes.get("to", "")))
        self._advance(Step.HEADER)
        if not wire.is_version_1(event.attributes):
            self._on_old_peer()

    def _on_old_peer(self) -> None:
        """Go on with a peer that sends no features (RFC 6120 §4.7.5)."""
        if self._state is OutboundState.CLEAR_FEATURES and not self._row.clear:
            self._give_up(FailureReason.TLS_NOT_OFFERED, "the peer speaks no XMPP 1.0 and so offers no TLS")
        elif self._state in {OutboundState.CLEAR_FEATURES, OutboundState.TLS_FEATURES}:
            self._go_on(None)

    @override
    def _on_element(self, event: ElementReceived) -> None:
        step = self.STEPS.get(event.name)
        if step is not None and self._may(step):
            self._on_step(step, event)
        elif self._take_ack(event):
            return
        elif event.name == wire.TLS_FAILURE_NAME and self._may(Step.PROCEED):
            self._give_up(FailureReason.TLS_REFUSED, "the peer offered TLS and then refused it")
        elif self._state is not OutboundState.CLOSING:
            self._refuse(event)

    def _on_step(self, step: Step, event: ElementReceived) -> None:
        """Do what an element asks for that the table allows now."""
        if step is Step.PROCEED:
            self._on_proceed()
        elif self._state is OutboundState.CLEAR_FEATURES:
            self._on_clear_features(event)
        else:
            self._go_on(event.tree())

    def _refuse(self, event: ElementReceived) -> None:
        if stanza_kind(event) is not None:
            raise RemoteProtocolError(Condition.NOT_AUTHORIZED, "this stream carries stanzas the other way only")
        if wire.namespace_of(event) == ns.DIALBACK:
            # The class of CVE-2012-3525: an answer that nobody asked for must count for nothing.
            raise RemoteProtocolError(Condition.POLICY_VIOLATION, "an answer to a dialback request not made here")
        raise RemoteProtocolError(Condition.UNSUPPORTED_STANZA_TYPE, "")

    @override
    def _reads_xml(self) -> bool:
        return self._state is not OutboundState.TLS_HANDSHAKE

    def _on_clear_features(self, event: ElementReceived) -> None:
        features = event.tree()
        starttls = features.find(ns.TLS, "starttls")
        if starttls is not None and self._row.tls:
            self._advance(Step.FEATURES)
            self._say(wire.STARTTLS)
        elif starttls is not None and starttls.find(ns.TLS, "required") is not None:
            text = "the peer requires TLS, which this partner's settings do not allow"
            self._give_up(FailureReason.PEER_REQUIRES_TLS, text)
        elif self._row.clear:
            self._go_on(features)
        else:
            self._give_up(FailureReason.TLS_NOT_OFFERED, "the peer does not offer TLS, which this partner needs")

    def _on_proceed(self) -> None:
        if self._parser.unread():
            # What comes in the clear behind <proceed/> would be read as if it had come inside TLS (the class of
            # CVE-2011-0411).
            raise RemoteProtocolError(Condition.POLICY_VIOLATION, "bytes after <proceed/> in the clear")
        self._advance(Step.PROCEED)
        self._events.append(StartTls())

    # --- the end

    def _give_up(self, reason: FailureReason, text: str) -> None:
        self._failed = True
        self._say_goodbye(None, "")
        self._events.append(Failed(reason, text))
        super()._conclude(Closed(text=text))

    @override
    def _fail(self, condition: Condition, text: str) -> None:
        self._note_failure(FailureReason.PEER_PROTOCOL, f"{condition.value}: {text}" if text else condition.value)
        super()._fail(condition, text)

    @override
    def _conclude(self, ending: Closed) -> None:
        if ending.by_peer and ending.condition is not None:
            text = f"{ending.condition.value}: {ending.text}" if ending.text else ending.condition.value
            self._note_failure(FailureReason.PEER_STREAM_ERROR, text)
        elif ending.by_peer:
            self._note_failure(FailureReason.PEER_CLOSED, ending.text or "the peer closed the stream")
        super()._conclude(ending)

    def _note_failure(self, reason: FailureReason, text: str) -> None:
        """Tell once why the stream did not come up; a stream that was up only closes."""
        if not self._came_up and not self._failed:
            self._failed = True
            self._events.append(Failed(reason, text))
