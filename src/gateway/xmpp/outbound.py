"""A stream that we open to send stanzas: by SASL EXTERNAL (XEP-0178) where that can be, else by dialback (XEP-0220).

In which order, and whether at all, is the row of the partner's method set (:mod:`gateway.policy.negotiation`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from gateway.errors import Condition, LocalProtocolError, RemoteProtocolError, StanzaCondition
from gateway.model.peer import Method, PairAuthorization, Proof
from gateway.policy.negotiation import Offer
from gateway.xmpp import acks, wire
from gateway.xmpp import namespaces as ns
from gateway.xmpp.configs import PeerLimits
from gateway.xmpp.dialback import RESULT_NAME, build_result, read_dialback
from gateway.xmpp.element import Element
from gateway.xmpp.events import Authorized, FailureReason, StanzaReceived, StanzaRefused
from gateway.xmpp.initiating import NEXT, InitiatingStream, OutboundState
from gateway.xmpp.stanza import stanza_kind
from gateway.xmpp.stream import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.model.envelope import Envelope, StanzaKind
    from gateway.xmpp.configs import OutboundConfig
    from gateway.xmpp.xml import ElementReceived

__all__ = ["NEXT", "OutboundState", "OutboundStream"]


class OutboundStream(InitiatingStream):
    """A stream that we open, for one pair; no stanza passes before the pair is authorized."""

    STEPS: ClassVar[Mapping[str, Step]] = {
        **InitiatingStream.STEPS,
        wire.SUCCESS_NAME: Step.SUCCESS,
        RESULT_NAME: Step.VERIFIED,
    }

    def __init__(self, config: OutboundConfig) -> None:
        """Say our header, or wait for ``tls_established`` if ``config`` says direct TLS."""
        super().__init__(config)
        self._pair: PairAuthorization | None = None
        self.peer_limits = PeerLimits()
        """What the peer says that it takes (XEP-0478)."""
        self._refused = ""
        """Why the peer refused EXTERNAL, when dialback is tried after it."""

    # --- what the shell calls

    @property
    def pairs(self) -> tuple[PairAuthorization, ...]:
        """The pair, once it is authorized."""
        return (self._pair,) if self._pair is not None else ()

    @property
    def external_refused(self) -> bool:
        """Whether the peer refused our certificate: a new stream may go past it, if this one does not survive it."""
        return bool(self._refused)

    def send_stanza(self, envelope: Envelope) -> None:
        """Write a stanza of the stream's pair.

        Raises:
            LocalProtocolError: the stream is not open, or the stanza is of another pair.
        """
        if self._state is not OutboundState.OPEN or envelope.pair != (self._config.home, self._config.domain):
            message = f"a stanza of {envelope.pair} in state {self._state.value} of a stream to {self._config.domain}"
            raise LocalProtocolError(message)
        self._say(envelope.raw)
        self._acks.note_sent()

    @property
    @override
    def _ends(self) -> tuple[str, str]:
        return self._config.home, self._config.domain

    # --- authentication

    @override
    def _go_on(self, features: Element | None) -> None:
        if features is not None:
            self.peer_limits = wire.read_limits(features)
        if self._state is OutboundState.FINAL_FEATURES:
            self._open_after_external(features or Element(ns.STREAM, "features"))
            return
        self._note_dialback(features)
        self._ask_for_bidi(features)
        ways = self._ways()
        if Offer.EXTERNAL in ways and features is not None and wire.offers_external(features):
            self._advance(Step.FEATURES)
            self._say(wire.AUTH_EXTERNAL)
        elif Offer.DIALBACK in ways:
            self._dial_back()
        else:
            text = "the peer does not accept our certificate as a proof: it offers no SASL EXTERNAL"
            self._give_up(FailureReason.EXTERNAL_NOT_OFFERED, text)

    def _ask_for_bidi(self, features: Element | None) -> None:
        """Let the peer send over this stream too, if its certificate proves it and is allowed to (XEP-0288)."""
        offered = features is not None and features.find(ns.BIDI_FEATURE, "bidi") is not None
        if offered and self._config.bidi and self._proof is not None and Offer.EXTERNAL in self._row.good:
            self.bidirectional = True
            self._say(wire.BIDI)

    def _ways(self) -> tuple[Offer, ...]:
        """Give what may be tried, given TLS and the peer's proof."""
        if self._tls is None:
            return self._row.clear
        ways = self._row.good if self._proof is not None else self._row.bad
        return tuple(way for way in ways if not (way is Offer.EXTERNAL and self._config.skip_external))

    def _note_dialback(self, features: Element | None) -> None:
        if features is not None and features.find(ns.DIALBACK_FEATURE, "dialback") is not None:
            self._knows_dialback = True

    def _dial_back(self) -> None:
        if not self._knows_dialback:
            text = "the peer offers no dialback, and nothing else that this partner's settings allow"
            self._give_up(FailureReason.DIALBACK_NOT_OFFERED, text)
            return
        if not self._peer_id:
            self._give_up(FailureReason.PEER_PROTOCOL, "the peer's stream has no id to make a dialback key for")
            return
        self._advance(Step.RESULT)
        home, domain = self._config.home, self._config.domain
        self._say(build_result(home, domain, self._config.make_key(domain, home, self._peer_id)))

    @override
    def _on_element(self, event: ElementReceived) -> None:
        kind = stanza_kind(event) if self.bidirectional else None
        if event.name == wire.SASL_FAILURE_NAME and self._may(Step.SUCCESS):
            self._on_sasl_failure(event)
        elif kind is not None and self._may(Step.STANZA):
            self._on_stanza(event, kind)
        else:
            super()._on_element(event)

    def _on_stanza(self, event: ElementReceived, kind: StanzaKind) -> None:
        envelope = self._take_stanza(event, kind)
        if envelope is None:
            return
        home, domain = self._ends
        if envelope.from_.domain != domain:
            raise RemoteProtocolError(Condition.INVALID_FROM, "")
        if envelope.to.domain == home:
            self._events.append(StanzaReceived(envelope))
        else:
            text = f"this stream is of {domain} and {home} alone"
            self._events.append(StanzaRefused(envelope, StanzaCondition.NOT_ALLOWED, text))

    def _on_sasl_failure(self, event: ElementReceived) -> None:
        self._refused = wire.read_sasl_failure(event)
        if Offer.DIALBACK in self._ways() and self._knows_dialback:  # XEP-0178 §2.2, version 1.2
            self._dial_back()
        else:
            self._give_up(FailureReason.EXTERNAL_REFUSED, self._refused)

    @override
    def _on_step(self, step: Step, event: ElementReceived) -> None:
        if step is Step.SUCCESS:
            self._advance(Step.SUCCESS)
            self._restart(authenticated=True)
            self._say_header()
        elif step is Step.VERIFIED:
            self._on_result(event)
        else:
            super()._on_step(step, event)

    def _on_result(self, event: ElementReceived) -> None:
        answer = read_dialback(event)
        if (answer.from_, answer.to) != (self._config.domain, self._config.home):
            self._refuse(event)
        elif answer.type == "valid":
            self._advance(Step.VERIFIED)
            self._parser.authenticated = True
            self._authorize(Method.DIALBACK if self._tls is None else Method.TLS_DIALBACK, self._proof or Proof.DNS)
        elif answer.type == "invalid":
            text = "the partner asked our domain's own server about our dialback key and was told that it is false"
            self._give_up(FailureReason.DIALBACK_REFUSED, text)
        else:
            self._give_up(FailureReason.DIALBACK_FAILED, answer.condition or "the partner's answer makes no sense")

    def _open_after_external(self, features: Element) -> None:
        if self._proof is None:
            message = "a stream opens by EXTERNAL only with a proof"
            raise LocalProtocolError(message)
        self._advance(Step.FEATURES)
        self._authorize(Method.EXTERNAL, self._proof)
        if features.find(ns.SM, "sm") is not None:
            self._say(acks.ENABLE)
            self._acks.begin()

    def _authorize(self, method: Method, proof: Proof) -> None:
        self._pair = PairAuthorization(self._config.domain, self._config.home, method, proof)
        self._events.append(Authorized(self._pair))

    @property
    @override
    def _came_up(self) -> bool:
        return self._pair is not None
