"""The initiating side of a server-to-server stream: TLS first, then SASL EXTERNAL (RFC 6120, XEP-0178)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from gateway.errors import AddressError, Condition, LocalProtocolError, RemoteProtocolError
from gateway.model.jid import parse_domain
from gateway.model.peer import Method, PairAuthorization, Proof
from gateway.policy.methods import method_set
from gateway.xmpp import namespaces as ns
from gateway.xmpp import wire
from gateway.xmpp.events import (
    Authorized,
    Closed,
    Failed,
    FailureReason,
    NeedPeerProof,
    PeerHeader,
    StartTls,
    StreamEvent,
)
from gateway.xmpp.stanza import stanza_kind
from gateway.xmpp.stream import Step, StreamMachine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.model.envelope import Envelope
    from gateway.xmpp.configs import OutboundConfig, PeerProofResult, TlsInfo
    from gateway.xmpp.xml import ElementReceived, StreamOpened


class OutboundState(StrEnum):
    """Where an outbound stream is."""

    CLEAR_HEADER = "waits for the header"
    CLEAR_FEATURES = "waits for features"
    PROCEEDING = "waits for proceed"
    TLS_HANDSHAKE = "TLS handshake"
    PROVING = "waits for the verdict on the certificate"
    TLS_HEADER = "waits for the header inside TLS"
    TLS_FEATURES = "waits for features inside TLS"
    AUTHENTICATING = "waits for success"
    FINAL_HEADER = "waits for the header after authentication"
    FINAL_FEATURES = "waits for features after authentication"
    OPEN = "open"
    CLOSING = "waits for the peer's end"
    CLOSED = "closed"


_S = OutboundState
NEXT: Final[Mapping[tuple[OutboundState, Step], OutboundState]] = {
    (_S.CLEAR_HEADER, Step.HEADER): _S.CLEAR_FEATURES,
    (_S.CLEAR_FEATURES, Step.FEATURES): _S.PROCEEDING,
    (_S.PROCEEDING, Step.PROCEED): _S.TLS_HANDSHAKE,
    (_S.TLS_HANDSHAKE, Step.TLS_UP): _S.PROVING,
    (_S.PROVING, Step.PROVED): _S.TLS_HEADER,
    (_S.TLS_HEADER, Step.HEADER): _S.TLS_FEATURES,
    (_S.TLS_FEATURES, Step.FEATURES): _S.AUTHENTICATING,
    (_S.AUTHENTICATING, Step.SUCCESS): _S.FINAL_HEADER,
    (_S.FINAL_HEADER, Step.HEADER): _S.FINAL_FEATURES,
    (_S.FINAL_FEATURES, Step.FEATURES): _S.OPEN,
    (_S.OPEN, Step.SEND): _S.OPEN,
    (_S.OPEN, Step.CLOSE): _S.CLOSING,
    **{(state, Step.END): _S.CLOSED for state in _S if state is not _S.CLOSED},
}

_STEPS: Final[Mapping[str, Step]] = {
    wire.FEATURES_NAME: Step.FEATURES,
    wire.PROCEED_NAME: Step.PROCEED,
    wire.SUCCESS_NAME: Step.SUCCESS,
}


class OutboundStream(StreamMachine[OutboundState, StreamEvent]):
    """A stream that we open, for one pair: no stanza without TLS, and nothing inside TLS before the peer is proved."""

    def __init__(self, config: OutboundConfig) -> None:
        """Say our header, or wait for ``tls_established`` if ``config`` says direct TLS."""
        super().__init__(
            NEXT,
            OutboundState.TLS_HANDSHAKE if config.direct_tls else OutboundState.CLEAR_HEADER,
            waiting=frozenset({OutboundState.PROVING, OutboundState.TLS_HANDSHAKE}),
            limits=config.limits,
        )
        self._config = config
        self._proof: Proof | None = None
        self._tls: TlsInfo | None = None
        self._pair: PairAuthorization | None = None
        self._failed = False
        if Method.EXTERNAL not in method_set(config.partner):
            self._give_up(
                FailureReason.METHOD_NOT_AVAILABLE, "the partner's settings leave no method that is spoken here"
            )
        elif not config.direct_tls:
            self._say_header()

    # --- what the shell calls

    @property
    def pairs(self) -> tuple[PairAuthorization, ...]:
        """The pair, once it is authorized."""
        return (self._pair,) if self._pair is not None else ()

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
        if result.proof is None:
            self._give_up(FailureReason.PEER_CERTIFICATE, result.fault)
            return
        self._proof = result.proof
        self._advance(Step.PROVED)
        self._say_header()
        self._pump()

    def send_stanza(self, envelope: Envelope) -> None:
        """Write a stanza of the stream's pair.

        Raises:
            LocalProtocolError: the stream is not open, or the stanza is of another pair.
        """
        if self._state is not OutboundState.OPEN or envelope.pair != (self._config.home, self._config.domain):
            message = f"a stanza of {envelope.pair} in state {self._state.value} of a stream to {self._config.domain}"
            raise LocalProtocolError(message)
        self._say(envelope.raw)

    def ping(self) -> None:
        """Send white space: the peer need not answer, but a dead connection shows.

        Raises:
            LocalProtocolError: the stream is not open.
        """
        if not self._may(Step.SEND):
            message = f"a ping in state {self._state.value}"
            raise LocalProtocolError(message)
        self._say(b" ")

    # --- headers and features

    @override
    def _say_header(self) -> None:
        self._header_said = True
        # No xml:lang: a peer would take it as that of every forwarded stanza that names none (RFC 6120 §8.1.5).
        self._say(wire.build_header(from_=self._config.home, to=self._config.domain))

    @override
    def _on_header(self, event: StreamOpened) -> None:
        if event.name != wire.STREAM_NAME or event.scope.get("") != ns.SERVER:
            raise RemoteProtocolError(Condition.INVALID_NAMESPACE, f"no stream header of {ns.SERVER}")
        from_ = _prepare(event.attributes.get("from", ""))
        if from_ and from_ != self._config.domain:
            raise RemoteProtocolError(Condition.INVALID_FROM, f"{from_} answered for {self._config.domain}")
        self._events.append(PeerHeader(from_, event.attributes.get("to", "")))
        self._advance(Step.HEADER)
        if self._state is OutboundState.CLEAR_FEATURES and not wire.is_version_1(event.attributes):
            self._give_up(FailureReason.TLS_NOT_OFFERED, "the peer speaks no XMPP 1.0 and so offers no TLS")

    @override
    def _on_element(self, event: ElementReceived) -> None:
        step = _STEPS.get(event.name)
        if step is not None and self._may(step):
            _HANDLERS[step](self, event)
        elif event.name == wire.TLS_FAILURE_NAME and self._may(Step.PROCEED):
            self._give_up(FailureReason.TLS_REFUSED, "the peer offered TLS and then refused it")
        elif event.name == wire.SASL_FAILURE_NAME and self._may(Step.SUCCESS):
            self._give_up(FailureReason.EXTERNAL_REFUSED, wire.read_sasl_failure(event))
        elif self._state is not OutboundState.CLOSING:
            self._refuse(event)

    @staticmethod
    def _refuse(event: ElementReceived) -> None:
        if stanza_kind(event) is not None:
            raise RemoteProtocolError(Condition.NOT_AUTHORIZED, "this stream carries stanzas the other way only")
        raise RemoteProtocolError(Condition.UNSUPPORTED_STANZA_TYPE, "")

    @override
    def _reads_xml(self) -> bool:
        return self._state is not OutboundState.TLS_HANDSHAKE

    def _on_features(self, event: ElementReceived) -> None:
        if self._state is OutboundState.CLEAR_FEATURES:
            self._on_clear_features(event)
        elif self._state is OutboundState.TLS_FEATURES:
            self._on_tls_features(event)
        else:
            self._open()

    def _on_clear_features(self, event: ElementReceived) -> None:
        if event.tree().find(ns.TLS, "starttls") is None:
            self._give_up(FailureReason.TLS_NOT_OFFERED, "the peer does not offer TLS, which this partner needs")
            return
        self._advance(Step.FEATURES)
        self._say(wire.STARTTLS)

    def _on_proceed(self, _event: ElementReceived) -> None:
        if self._parser.unread():
            # What comes in the clear behind <proceed/> would be read as if it had come inside TLS (the class of
            # CVE-2011-0411).
            raise RemoteProtocolError(Condition.POLICY_VIOLATION, "bytes after <proceed/> in the clear")
        self._advance(Step.PROCEED)
        self._events.append(StartTls())

    def _on_tls_features(self, event: ElementReceived) -> None:
        if not wire.offers_external(event.tree()):
            text = "the peer does not accept our certificate as a proof: it offers no SASL EXTERNAL"
            self._give_up(FailureReason.EXTERNAL_NOT_OFFERED, text)
            return
        self._advance(Step.FEATURES)
        self._say(wire.AUTH_EXTERNAL)

    def _on_success(self, _event: ElementReceived) -> None:
        self._advance(Step.SUCCESS)
        self._restart(authenticated=True)
        self._say_header()

    def _open(self) -> None:
        if self._proof is None:
            message = "a stream opens only with a proof"
            raise LocalProtocolError(message)
        self._advance(Step.FEATURES)
        self._pair = PairAuthorization(self._config.domain, self._config.home, Method.EXTERNAL, self._proof)
        self._events.append(Authorized(self._pair))

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
        if self._pair is None and not self._failed:
            self._failed = True
            self._events.append(Failed(reason, text))


_HANDLERS: Final[Mapping[Step, Callable[[OutboundStream, ElementReceived], None]]] = {
    Step.FEATURES: OutboundStream._on_features,  # noqa: SLF001  # the class's own table
    Step.PROCEED: OutboundStream._on_proceed,  # noqa: SLF001
    Step.SUCCESS: OutboundStream._on_success,  # noqa: SLF001
}


def _prepare(text: str) -> str:
    if not text:
        return ""
    try:
        return parse_domain(text)
    except AddressError as error:
        raise RemoteProtocolError(
            Condition.IMPROPER_ADDRESSING, "an address of the stream header is no domain"
        ) from error
