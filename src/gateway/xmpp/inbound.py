"""The receiving side of a server-to-server stream: TLS, then SASL EXTERNAL or dialback (RFC 6120, XEP-0178, XEP-0220).

What a peer is offered, and what is accepted of it, is the row of its partner's method set
(:mod:`gateway.policy.negotiation`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from typing_extensions import override

from gateway.errors import Condition, LocalProtocolError, RemoteProtocolError, StanzaCondition
from gateway.model.peer import Method, PairAuthorization, Proof
from gateway.policy.negotiation import Offer, inbound_row
from gateway.xmpp import acks, wire
from gateway.xmpp import namespaces as ns
from gateway.xmpp.dialback import VerifyRequest, read_dialback
from gateway.xmpp.events import (
    Authorized,
    Closed,
    NeedPeerProof,
    NeedVerification,
    PeerHeader,
    StanzaReceived,
    StanzaRefused,
    StartTls,
)
from gateway.xmpp.headers import is_domain, prepare_domain, verify_namespaces
from gateway.xmpp.inboundstates import NEXT, STEPS, InboundState
from gateway.xmpp.offers import describe_offers
from gateway.xmpp.receiving import InboundPairs
from gateway.xmpp.refusals import refusal_of
from gateway.xmpp.serverstream import ServerStream
from gateway.xmpp.stanza import stanza_kind
from gateway.xmpp.stream import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.model.envelope import Envelope, StanzaKind
    from gateway.policy.negotiation import InboundRow
    from gateway.xmpp.configs import InboundConfig, PeerProofResult, TlsInfo
    from gateway.xmpp.dialback import Verdict
    from gateway.xmpp.xml import ElementReceived, StreamOpened

_WAITING: Final = frozenset({InboundState.PROVING, InboundState.TLS_HANDSHAKE})
MAX_SASL_FAILURES: Final = 3  # RFC 6120 §6.4.5: between 2 and 5


class InboundStream(ServerStream[InboundState]):
    """A stream that a peer opened: only what was offered is accepted, only authorized pairs get stanzas through."""

    def __init__(self, config: InboundConfig) -> None:
        """Wait for the peer's header, or for ``tls_established`` with ``direct`` before any byte."""
        super().__init__(
            NEXT,
            InboundState.CLEAR_HEADER,
            waiting=_WAITING,
            limits=config.limits,
        )
        self._config = config
        self._from = ""
        self._to = ""
        self._header_from = ""  # as the peer spelled them, for our own header
        self._header_to = ""
        self._id = ""
        self._proof: Proof | None = None
        self._tls: TlsInfo | None = None
        self._offers: frozenset[Offer] = frozenset()
        self._sasl_failures = 0
        self._pairs = InboundPairs(config)

    # --- what the shell calls

    @property
    def pairs(self) -> tuple[PairAuthorization, ...]:
        """The pairs whose stanzas may pass."""
        return self._pairs.all

    @property
    @override
    def _ends(self) -> tuple[str, str]:
        return self._to, self._from

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
        """Take the verdict on the peer's certificate: offer what is left by it, or end the stream with the fault.

        Raises:
            LocalProtocolError: no proof was asked for.
        """
        if not self._may(Step.PROVED):
            message = f"a proof in state {self._state.value}"
            raise LocalProtocolError(message)
        row = self._row()
        self._offers = row.good if result.proof is not None else row.bad
        if not self._offers:
            self._fail(Condition.NOT_AUTHORIZED, result.fault)
            return
        self._proof = result.proof
        self._advance(Step.PROVED)
        bidi = [wire.BIDI_FEATURE] if result.proof is not None else []
        self._say(wire.build_features(*describe_offers(self._offers), *bidi))
        self._pump()

    def verified(self, request: VerifyRequest, verdict: Verdict) -> None:
        """Take what the authoritative server said of ``request``, and tell the peer.

        What is not waited for changes nothing: a verdict counts once, and not after TLS or SASL began the stream anew.
        """
        if not self._may(Step.VERIFIED):
            return
        proved = self._from if self._proof is not None else ""
        settled = self._pairs.settle(request, verdict, tls=self._tls is not None, proved=proved)
        if settled is None:
            return
        self._say(settled.said)
        if settled.pair is not None:
            self._advance(Step.VERIFIED)
            self._parser.authenticated = True
            self._events.append(Authorized(settled.pair))
        elif settled.ends:
            self._say_goodbye(None, "")
            text = f"the authoritative server of {request.partner} denies the dialback key"
            self._conclude(Closed(Condition.NOT_AUTHORIZED, text=text))

    def partners_changed(self) -> tuple[PairAuthorization, ...]:
        """Drop the pairs that the table of now does not allow and give them; without any left, the stream ends."""
        gone = self._pairs.drop_refused()
        if self._state in {InboundState.OPEN, InboundState.CLOSING} and not self._pairs:
            self._fail(Condition.POLICY_VIOLATION, "this partner's settings do not allow this stream any more")
        return gone

    @property
    def is_open(self) -> bool:
        """Whether stanzas may pass."""
        return self._state is InboundState.OPEN

    def carries(self, home: str, partner: str) -> bool:
        """Whether stanzas from ``home`` may go to ``partner`` over this stream, against its direction (XEP-0288)."""
        return self.bidirectional and self._pairs.is_proved(partner, home)

    def send_stanza(self, envelope: Envelope) -> None:
        """Write a stanza against the direction of the stream.

        Raises:
            LocalProtocolError: the stream is not open or does not carry it.
        """
        if not self._may(Step.SEND) or not self.carries(*envelope.pair):
            message = f"a stanza to {envelope.to.domain} belongs on an outbound stream"
            raise LocalProtocolError(message)
        self._say(envelope.raw)
        self._acks.note_sent()

    # --- headers

    @override
    def _on_header(self, event: StreamOpened) -> None:
        self._header_from = event.attributes.get("from", "")
        self._header_to = event.attributes.get("to", "")
        verify_namespaces(event)
        if not wire.is_version_1(event.attributes):
            raise RemoteProtocolError(Condition.UNSUPPORTED_VERSION, "version 1.0 is needed, for stream features")
        from_, to = prepare_domain(self._header_from), prepare_domain(self._header_to)
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
            self._offers = self._row().clear
            if not self._config.tls_available(to):
                self._offers -= {Offer.STARTTLS}
            if not self._offers:
                raise RemoteProtocolError(Condition.RESOURCE_CONSTRAINT, "no certificate is in service here yet")
            self._say_header()
            self._advance(Step.HEADER)
            self._say(wire.build_features(*describe_offers(self._offers)))
        elif self._state is InboundState.TLS_HEADER:
            self._verify_partner()
            self._say_header()
            self._advance(Step.HEADER)
            self._events.append(NeedPeerProof(self._from))
        else:
            self._open()

    def _row(self) -> InboundRow:
        """Give what the partner of the header is offered by the table of now."""
        partner = None if self._config.is_home(self._from) else self._config.partners().find(self._from)
        return inbound_row(partner)

    def _verify_partner(self) -> None:
        """Refuse who is no partner: inside TLS, so that probes that send no ``from`` see the certificate."""
        if not self._from:
            raise RemoteProtocolError(Condition.IMPROPER_ADDRESSING, "the stream header has no 'from'")
        if self._config.is_home(self._from):
            raise RemoteProtocolError(Condition.INVALID_FROM, "")
        if not self._is_partner():
            raise RemoteProtocolError(Condition.POLICY_VIOLATION, "not a configured partner")
        if not self._row().good:
            raise RemoteProtocolError(Condition.POLICY_VIOLATION, "this partner's settings leave no method inside TLS")

    @override
    def _say_header(self) -> None:
        self._header_said = True
        self._id = self._config.stream_id()
        row = self._row()
        dialback = Offer.DIALBACK in row.clear | row.bad
        self._say(
            wire.build_header(
                id=self._id, from_=self._header_to, to=self._header_from, language="en", dialback=dialback
            )
        )

    def _open(self) -> None:
        if self._proof is None:
            message = "a stream opens only with a proof"
            raise LocalProtocolError(message)
        self._say_header()
        if not self._has_external():
            text = "this partner's settings do not allow this stream any more"
            raise RemoteProtocolError(Condition.POLICY_VIOLATION, text)
        self._advance(Step.HEADER)
        limits = wire.build_limits(self._limits.max_stanza_size, self._limits.idle_seconds)
        self._say(wire.build_features(*describe_offers(self._row().bad), limits, acks.FEATURE))
        pair = PairAuthorization(self._from, self._to, Method.EXTERNAL, self._proof)
        self._pairs.add(pair)
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
        step = STEPS.get(event.name)
        if step is not None and self._may(step):
            _HANDLERS[step](self, event)
        elif not self._take_ack(event):
            self._refuse(event)

    def _refuse(self, event: ElementReceived) -> None:
        in_clear = self._state is InboundState.CLEAR_FEATURES
        if self._state is InboundState.CLOSING and wire.namespace_of(event) in {ns.SM, ns.DIALBACK}:
            return  # said before the peer saw our end: nothing may answer it, and the stanzas behind it count
        if event.name == wire.ABORT_NAME and self._may(Step.FAILURE):
            self._fail_sasl("aborted")
        elif event.name == wire.AUTH_NAME and in_clear and self._is_partner() and not self._has_external():
            self._fail_sasl("invalid-mechanism")
        elif event.name == wire.STARTTLS_NAME and in_clear:
            self._say(wire.TLS_FAILURE)  # RFC 6120 §5.4.2.2: and the stream ends
            self._say_goodbye(None, "")
            self._conclude(Closed(Condition.POLICY_VIOLATION, text="TLS was asked for and is not offered here"))
        else:
            raise refusal_of(event)

    def _has_external(self) -> bool:
        """Whether the partner of the header may prove itself by EXTERNAL once TLS is up."""
        return Offer.EXTERNAL in self._row().good

    def _is_partner(self) -> bool:
        return self._config.partners().find(self._from) is not None

    def _on_starttls(self, event: ElementReceived) -> None:
        if Offer.STARTTLS not in self._offers:
            self._refuse(event)
            return
        if self._parser.unread():
            # Clear bytes behind <starttls/> would be read as if they had come inside TLS (the class of CVE-2011-0411).
            raise RemoteProtocolError(Condition.POLICY_VIOLATION, "bytes after <starttls/> in the clear")
        self._say(wire.PROCEED)
        self._advance(Step.STARTTLS)
        self._pairs.forget_pending()
        self._events.append(StartTls())

    def _on_auth(self, event: ElementReceived) -> None:
        if event.attributes.get("mechanism") != "EXTERNAL" or Offer.EXTERNAL not in self._offers:
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
        if authzid and not is_domain(authzid, self._from):
            self._fail_sasl("invalid-authzid")
        elif not self._has_external():
            self._fail_sasl("not-authorized")
        else:
            self._say(wire.SUCCESS)
            self._advance(Step.SUCCESS)
            self._pairs.forget_pending()
            self._restart(authenticated=True)

    def _fail_sasl(self, condition: str) -> None:
        """Refuse EXTERNAL; the stream stays where dialback may follow (XEP-0178 §2.2)."""
        self._say(wire.build_sasl_failure(condition))
        self._sasl_failures += 1
        if self._offers - {Offer.EXTERNAL} and self._sasl_failures < MAX_SASL_FAILURES:
            if self._may(Step.FAILURE):
                self._advance(Step.FAILURE)
            return
        self._say_goodbye(None, "")
        self._conclude(Closed(Condition.NOT_AUTHORIZED, text=f"SASL EXTERNAL: {condition}"))

    def _on_bidi(self, _event: ElementReceived) -> None:
        self.bidirectional = self._proof is not None  # offered only to who has proved itself by certificate

    # --- dialback

    def _on_result(self, event: ElementReceived) -> None:
        reaction = self._pairs.take_result(read_dialback(event), stream_id=self._id, tls=self._tls is not None)
        if isinstance(reaction, VerifyRequest):
            self._events.append(NeedVerification(reaction))
        elif reaction is not None:
            self._say(reaction)

    def _on_verify(self, event: ElementReceived) -> None:
        self._say(self._pairs.answer_verify(read_dialback(event)))

    # --- stanzas

    def _on_enable(self, event: ElementReceived) -> None:
        if event.name == acks.RESUME_NAME or self._acks.counts_received:
            self._say(acks.FAILED)  # nobody resumes on server streams
        else:
            self._acks.begin()
            self._say(acks.ENABLED)

    def _on_stanza(self, event: ElementReceived, kind: StanzaKind) -> None:
        envelope = self._take_stanza(event, kind)
        if envelope is None:
            return
        pair = envelope.pair
        if pair in self._pairs:
            self._events.append(StanzaReceived(envelope))
            return
        if not self._pairs.has_partner(pair[0]):
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
    Step.RESULT: InboundStream._on_result,  # noqa: SLF001
    Step.VERIFY: InboundStream._on_verify,  # noqa: SLF001
    Step.ENABLE: InboundStream._on_enable,  # noqa: SLF001
    Step.BIDI: InboundStream._on_bidi,  # noqa: SLF001
}
