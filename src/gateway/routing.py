"""Where a stanza goes: a pure decision over home domains, partners and policy.

An envelope comes from a partner or from a home component; the answer says which side takes it, or what is answered,
or that it ends here. The shell does what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from gateway.errors import StanzaCondition
from gateway.policy.access import OPEN
from gateway.policy.decide import Drop, Forward, Refuse, decide_inbound, decide_outbound
from gateway.xmpp import namespaces as ns
from gateway.xmpp.element import Element
from gateway.xmpp.stanza import build_envelope, envelope_tree, error_reply, is_ping, ping_reply

if TYPE_CHECKING:
    from collections.abc import Collection

    from gateway.model.envelope import Envelope
    from gateway.policy.access import Access
    from gateway.policy.decide import Decision
    from gateway.policy.partner import PartnerTable

DISCO_INFO: Final = "http://jabber.org/protocol/disco#info"
_MAX_QUERY: Final = 4096


@dataclass(frozen=True, slots=True)
class ToHome:
    """Hand ``envelope`` to the component of the home domain that it is addressed to."""

    envelope: Envelope


@dataclass(frozen=True, slots=True)
class ToPartner:
    """Send ``envelope`` to the partner's domain that it is addressed to."""

    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Answer:
    """Send ``envelope``, which the gateway made, back to where the stanza came from; ``reason`` says what for."""

    envelope: Envelope
    reason: str


@dataclass(frozen=True, slots=True)
class Discard:
    """End here in silence; ``reason`` is for the counters."""

    reason: str


Route: TypeAlias = ToHome | ToPartner | Answer | Discard


def route_inbound(envelope: Envelope, partners: PartnerTable, *, access: Access = OPEN) -> Route:
    """Give where a stanza goes that a partner sent to a home domain, over a stream authorized for that pair."""
    if (answer := _answer_for_domain(envelope)) is not None:
        return answer
    decision = decide_inbound(partners.find(envelope.from_.domain), envelope, access=access)
    return _follow(decision, envelope, ToHome(envelope))


def route_outbound(
    envelope: Envelope, partners: PartnerTable, homes: Collection[str], *, access: Access = OPEN
) -> Route:
    """Give where a stanza goes that a home component sent."""
    if envelope.to.domain in homes:
        return ToHome(envelope)
    decision = decide_outbound(partners.find(envelope.to.domain), envelope, access=access)
    return _follow(decision, envelope, ToPartner(envelope))


def refuse(envelope: Envelope, condition: StanzaCondition, text: str = "") -> Answer | Discard:
    """Give the error that answers ``envelope``; nothing where an answer is not allowed (RFC 6120 §8.3.1)."""
    reply = error_reply(envelope, condition, text)
    return Answer(reply, condition.value) if reply is not None else Discard(condition.value)


def _follow(decision: Decision, envelope: Envelope, onward: ToHome | ToPartner) -> Route:
    match decision:
        case Forward():
            return onward
        case Refuse(condition, text):
            return refuse(envelope, condition, text)
        case Drop(reason):
            return Discard(reason.value)
        case _ as never:
            assert_never(never)


def _answer_for_domain(envelope: Envelope) -> Answer | None:
    """Answer what a partner asks the home domain itself: XEP-0199 ping and XEP-0030 disco#info."""
    if envelope.to.local or envelope.kind != "iq" or envelope.type != "get":
        return None
    if is_ping(envelope):
        return Answer(ping_reply(envelope), "ping")
    if envelope.to.resource or DISCO_INFO.encode() not in envelope.raw or len(envelope.raw) > _MAX_QUERY:
        return None
    query = envelope_tree(envelope).find(DISCO_INFO, "query")
    if query is None:
        return None
    if "node" in query.attributes:
        reply = error_reply(envelope, StanzaCondition.ITEM_NOT_FOUND)
        return Answer(reply, "disco") if reply is not None else None
    return Answer(_disco_reply(envelope), "disco")


def _disco_reply(envelope: Envelope) -> Envelope:
    identity = Element(DISCO_INFO, "identity", {"category": "gateway", "type": "xmpp", "name": "edgecert gateway"})
    features = [Element(DISCO_INFO, "feature", {"var": name}) for name in (DISCO_INFO, ns.PING)]
    attributes = {"type": "result", "from": envelope.to.wire, "to": envelope.from_.wire, "id": envelope.id}
    query = Element(DISCO_INFO, "query", {}, (identity, *features))
    return build_envelope(Element(ns.SERVER, "iq", attributes, (query,)))
