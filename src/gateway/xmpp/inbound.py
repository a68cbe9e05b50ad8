"""The receiving side of a server-to-server stream: TLS first, then SASL EXTERNAL (RFC 6120, XEP-0178)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from gateway.errors import AddressError, Condition, LocalProtocolError, RemoteProtocolError, StanzaCondition
from gateway.model.jid import parse_domain
from gateway.model.peer import Method, PairAuthorization, Proof
from gateway.policy.methods import method_set
from gateway.xmpp import namespaces as ns
from gateway.xmpp import wire
from gateway.xmpp.dialback import refuse_result
from gateway.xmpp.events import (
    Authorized,
    Closed,
    NeedPeerProof,
    PeerHeader,
    StanzaReceived,
    StanzaRefused,
    StartTls,
    StreamEvent,
)
from gateway.xmpp.stanza import read_envelope, stanza_kind
from gateway.xmpp.stream import Step, StreamMachine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.model.envelope import Envelope, StanzaKind
    from gateway.xmpp.configs import InboundConfig, PeerProofResult, TlsInfo
    from gateway.xmpp.xml import ElementReceived, StreamOpened


class InboundState(StrEnum):
    """Where an inbound stream is."""

    CLEAR_HEADER = "waits for the header"
    CLEAR_FEATURES = "waits for starttls"
    TLS_HANDSHAKE = "TLS handshake"
    TLS_HEADER = "waits for the header inside TLS"
    PROVING = "waits for the verdict on the certificate"
    AUTHENTICATING = "waits for auth"
    CHALLENGED = "waits for the response to an empty challenge"
    FINAL_HEADER = "waits for the header after authentication"
    OPEN = "open"
    CLOSING = "waits for the peer's end"
    CLOSED = "closed"


_S = InboundState
NEXT: Final[Mapping[tuple[InboundState, Step], InboundState]] = {
    (_S.CLEAR_HEADER, Step.HEADER): _S.CLEAR_FEATURES,
    (_S.CLEAR_HEADER, Step.TLS_UP): _S.TLS_HEADER,  # direct TLS, XEP-0368
    (_S.CLEAR_FEATURES, Step.STARTTLS): _S.TLS_HANDSHAKE,
    (_S.TLS_HANDSHAKE, Step.TLS_UP): _S.TLS_HEADER,
    (_S.TLS_HEADER, Step.HEADER): _S.PROVING,
    (_S.PROVING, Step.PROVED): _S.AUTHENTICATING,
    (_S.AUTHENTICATING, Step.AUTH): _S.CHALLENGED,
    (_S.AUTHENTICATING, Step.SUCCESS): _S.FINAL_HEADER,
    (_S.CHALLENGED, Step.RESPONSE): _S.CHALLENGED,
    (_S.CHALLENGED, Step.SUCCESS): _S.FINAL_HEADER,
    (_S.FINAL_HEADER, Step.HEADER): _S.OPEN,
    (_S.OPEN, Step.STANZA): _S.OPEN,
    (_S.OPEN, Step.CLOSE): _S.CLOSING,
    (_S.CLOSING, Step.STANZA): _S.CLOSING,
    **{(state, Step.END): _S.CLOSED for state in _S if state is not _S.CLOSED},
}

_STEPS: Final[Mapping[str, Step]] = {
    wire.STARTTLS_NAME: Step.STARTTLS,
    wire.AUTH_NAME: Step.AUTH,
    wire.RESPONSE_NAME: Step.RESPONSE,
}
_REFUSALS: Final[Mapping[str, tuple[Condition, str]]] = {
    ns.SERVER: (Condition.NOT_AUTHORIZED, "a stanza before authentication"),
    ns.DIALBACK: (Condition.POLICY_VIOLATION, "dialback is not accepted; authenticate with SASL EXTERNAL inside TLS"),
    ns.COMPRESS: (Condition.POLICY_VIOLATION, "stream compression is not offered"),
    ns.TLS: (Condition.POLICY_VIOLATION, "TLS cannot be negotiated now"),
    ns.SASL: (Condition.POLICY_VIOLATION, "SASL is offered inside TLS, once, with features"),
}


class InboundStream(StreamMachine[InboundState, StreamEvent]):
    """A stream that a peer opened: only what was offered is accepted, only authorized pairs get stanzas through."""

    def __init__(self, config: InboundConfig) -> None:
        """Wait for the peer's header, or for ``tls_established`` with ``direct`` before any byte."""
        super().__init__(
            NEXT,
            InboundState.CLEAR_HEADER,
            waiting=frozenset({InboundState.PROVING, InboundState.TLS_HANDSHAKE}),
            limits=config.limits,
        )
        self._config = config
        self._from = ""
        self._to = ""
        self._header_from = ""  # as the peer spelled them, for our own header
        self._header_to = ""
        self._proof: Proof | None = None
        self._tls: TlsInfo | None = None
        self._pairs: dict[tuple[str, str], PairAuthorization] = {}

    # --- what the shell calls

    @property
    def pairs(self) -> tuple[PairAuthorization, ...]:
        """The pairs whose stanzas may pass."""
        return tuple(self._pairs.values())

    @property
    def tls(self) -> TlsInfo | None:
        """What TLS agreed on, once it is up."""
        return self._tls

    def tls_established(self, info: TlsInfo) -> None:
        """Take note that TLS is up: the peer opens its stream anew.

        Raises:
            LocalProtocolError: TLS was not asked for.
        """
        if info.direct != (self._state is InboundState.CLEAR_HEADER):
            message = f"TLS came up in state {self._state.value}"
            raise LocalProtocolError(message)
        self._advance(Step.TLS_UP)
        self._tls = info
        self._restart(authenticated=False)

    def peer_proof(self, result: PeerProofResult) -> None:
        """Take the verdict on the peer's certificate: offer EXTERNAL, or end the stream with the fault.

        Raises:
            LocalProtocolError: no proof was asked for.
        """
        if not self._may(Step.PROVED):
            message = f"a proof in state {self._state.value}"
            raise LocalProtocolError(message)
        if result.proof is None:
            self._fail(Condition.NOT_AUTHORIZED, result.fault)
            return
        self._proof = result.proof
        self._advance(Step.PROVED)
        self._say(wire.FEATURES_EXTERNAL)
        self._pump()

    def partners_changed(self) -> None:
        """Drop the pairs that the table of now does not allow; without any, the stream ends (``policy-violation``)."""
        table = self._config.partners()
        for key in list(self._pairs):
            partner = table.find(key[0])
            if partner is None or self._pairs[key].method not in method_set(partner):
                del self._pairs[key]
        if self._state in {InboundState.OPEN, InboundState.CLOSING} and not self._pairs:
            self._fail(Condition.POLICY_VIOLATION, "not a configured partner any more")

    def send_stanza(self, envelope: Envelope) -> None:
        """Refuse: an inbound stream carries stanzas one way (RFC 6120 §4.5).

        Raises:
            LocalProtocolError: always.
        """
        message = f"a stanza to {envelope.to.domain} belongs on an outbound stream"
        raise LocalProtocolError(message)

    def ping(self) -> None:
        """Send white space: the peer need not answer, but a dead connection shows.

        Raises:
            LocalProtocolError: the stream is not open.
        """
        if self._state is not InboundState.OPEN:
            message = f"a ping in state {self._state.value}"
            raise LocalProtocolError(message)
        self._say(b" ")

    # --- headers

    @override
    def _on_header(self, event: StreamOpened) -> None:
        self._header_from = event.attributes.get("from", "")
        self._header_to = event.attributes.get("to", "")
        self._verify_header(event)
        from_, to = _prepare(self._header_from), _prepare(self._header_to)
        if not to:
            raise RemoteProtocolError(Condition.IMPROPER_ADDRESSING, "the stream header has no 'to'")
        if not self._config.is_home(to):
            raise RemoteProtocolError(Condition.HOST_UNKNOWN, "")
        if (self._to and to != self._to) or (self._from and from_ != self._from):
            raise RemoteProtocolError(Condition.IMPROPER_ADDRESSING, "the stream header changed")
        self._from, self._to = from_, to
        self._events.append(PeerHeader(from_, to))
        self._answer_header(to)

    def _answer_header(self, to: str) -> None:
        if self._state is InboundState.CLEAR_HEADER:
            if not self._config.tls_available(to):
                raise RemoteProtocolError(Condition.RESOURCE_CONSTRAINT, "no certificate is in service here yet")
            self._say_header()
            self._advance(Step.HEADER)
            self._say(wire.FEATURES_TLS)
        elif self._state is InboundState.TLS_HEADER:
            self._verify_partner()
            self._say_header()
            self._advance(Step.HEADER)
            self._events.append(NeedPeerProof(self._from))
        else:
            self._open()

    @staticmethod
    def _verify_header(event: StreamOpened) -> None:
        if event.name != wire.STREAM_NAME:
            raise RemoteProtocolError(Condition.INVALID_NAMESPACE, "the document element is no stream header")
        if event.scope.get("") != ns.SERVER:
            raise RemoteProtocolError(Condition.INVALID_NAMESPACE, f"the default namespace must be {ns.SERVER}")
        if not wire.is_version_1(event.attributes):
            raise RemoteProtocolError(Condition.UNSUPPORTED_VERSION, "version 1.0 is needed, for TLS and SASL")

    def _verify_partner(self) -> None:
        """Refuse who is no partner: inside TLS, so that probes that send no ``from`` see the certificate."""
        if not self._from:
            raise RemoteProtocolError(Condition.IMPROPER_ADDRESSING, "the stream header has no 'from'")
        if self._config.is_home(self._from):
            raise RemoteProtocolError(Condition.INVALID_FROM, "")
        if not self._allows_external():
            raise RemoteProtocolError(Condition.POLICY_VIOLATION, "not a configured partner")

    def _allows_external(self) -> bool:
        partner = self._config.partners().find(self._from)
        return partner is not None and Method.EXTERNAL in method_set(partner)

    @override
    def _say_header(self) -> None:
        self._header_said = True
        identity = self._config.stream_id()
        self._say(wire.build_header(id=identity, from_=self._header_to, to=self._header_from, language="en"))

    def _open(self) -> None:
        if self._proof is None:
            message = "a stream opens only with a proof"
            raise LocalProtocolError(message)
        self._say_header()
        self._advance(Step.HEADER)
        self._say(wire.build_final_features(self._limits.max_stanza_size))
        pair = PairAuthorization(self._from, self._to, Method.EXTERNAL, self._proof)
        self._pairs[self._from, self._to] = pair
        self._events.append(Authorized(pair))

    @override
    def _reads_xml(self) -> bool:
        return self._state is not InboundState.TLS_HANDSHAKE

    # --- negotiation

    @override
    def _on_element(self, event: ElementReceived) -> None:
        kind = stanza_kind(event)
        if kind is not None and self._may(Step.STANZA):
            self._on_stanza(event, kind)
            return
        step = _STEPS.get(event.name)
        if step is not None and self._may(step):
            _HANDLERS[step](self, event)
            return
        self._refuse(event)

    def _refuse(self, event: ElementReceived) -> None:
        namespace = wire.namespace_of(event)
        if event.name == wire.ABORT_NAME and self._may(Step.SUCCESS):
            self._fail_sasl("aborted")
        elif namespace == ns.DIALBACK and self._tls is not None and self._may_stay():
            self._say(refuse_result(event))
        else:
            known = _REFUSALS.get(namespace) if kind_is_known(event) else None
            condition, text = known or (Condition.UNSUPPORTED_STANZA_TYPE, "")
            raise RemoteProtocolError(condition, text)

    def _may_stay(self) -> bool:
        return self._state in {InboundState.AUTHENTICATING, InboundState.OPEN}

    def _on_starttls(self, _event: ElementReceived) -> None:
        if self._parser.unread():
            # Clear bytes behind <starttls/> would be read as if they had come inside TLS (the class of CVE-2011-0411).
            raise RemoteProtocolError(Condition.POLICY_VIOLATION, "bytes after <starttls/> in the clear")
        self._say(wire.PROCEED)
        self._advance(Step.STARTTLS)
        self._events.append(StartTls())

    def _on_auth(self, event: ElementReceived) -> None:
        if event.attributes.get("mechanism") != "EXTERNAL":
            self._fail_sasl("invalid-mechanism")
            return
        text = event.tree().text.strip()
        if text:
            self._accept(text)
        else:
            self._advance(Step.AUTH)
            self._say(wire.CHALLENGE)  # RFC 6120 §6.4.2: no initial response, so ask for it

    def _on_response(self, event: ElementReceived) -> None:
        self._advance(Step.RESPONSE)
        self._accept(event.tree().text.strip() or "=")

    def _accept(self, response: str) -> None:
        try:
            authzid = wire.decode_initial_response(response)
        except ValueError:
            self._fail_sasl("incorrect-encoding")
            return
        if authzid and not _is_domain(authzid, self._from):
            self._fail_sasl("invalid-authzid")
        elif not self._allows_external():
            self._fail_sasl("not-authorized")
        else:
            self._say(wire.SUCCESS)
            self._advance(Step.SUCCESS)
            self._restart(authenticated=True)

    def _fail_sasl(self, condition: str) -> None:
        self._say(wire.build_sasl_failure(condition))
        self._say_goodbye(None, "")
        self._conclude(Closed(Condition.NOT_AUTHORIZED, text=f"SASL EXTERNAL: {condition}"))

    # --- stanzas

    def _on_stanza(self, event: ElementReceived, kind: StanzaKind) -> None:
        envelope = read_envelope(event, kind)
        pair = envelope.pair
        if pair in self._pairs:
            self._events.append(StanzaReceived(envelope))
            return
        if not any(pair[0] == partner for partner, _home in self._pairs):
            raise RemoteProtocolError(Condition.INVALID_FROM, "")
        if self._config.is_home(pair[1]):
            text = f"no stream of {pair[0]} to {pair[1]} is authorized"
            self._events.append(StanzaRefused(envelope, StanzaCondition.NOT_ALLOWED, text))
        else:
            self._events.append(StanzaRefused(envelope, StanzaCondition.SERVICE_UNAVAILABLE))


_HANDLERS: Final[Mapping[Step, Callable[[InboundStream, ElementReceived], None]]] = {
    Step.STARTTLS: InboundStream._on_starttls,  # noqa: SLF001  # the class's own table
    Step.AUTH: InboundStream._on_auth,  # noqa: SLF001
    Step.RESPONSE: InboundStream._on_response,  # noqa: SLF001
}


def kind_is_known(event: ElementReceived) -> bool:
    """Whether the element may have a refusal of its own: of ``jabber:server``, stanzas only."""
    return wire.namespace_of(event) != ns.SERVER or stanza_kind(event) is not None


def _prepare(text: str) -> str:
    """Give the prepared domain of a header's address; an absent one is empty."""
    if not text:
        return ""
    try:
        return parse_domain(text)
    except AddressError as error:
        raise RemoteProtocolError(
            Condition.IMPROPER_ADDRESSING, "an address of the stream header is no domain"
        ) from error


def _is_domain(text: str, domain: str) -> bool:
    try:
        return parse_domain(text) == domain
    except AddressError:
        return False
