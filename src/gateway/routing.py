"""Where a stanza goes: home domains, partners, contacts and policy, brought together without I/O.

An envelope comes from a partner or from a home component; the answer says which side takes it, or what is answered,
what must be committed first, or that it ends here. The shell does what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from gateway.contacts.events import ContactEvent
from gateway.contacts.knocks import Knocks
from gateway.contacts.ledger import Ledger
from gateway.errors import StanzaCondition
from gateway.model.contact import NO_CONTACT, Contact, ContactKey
from gateway.policy.acts import SUBSCRIPTION_ACTS, Act, find_act
from gateway.policy.decide import (
    Approve,
    Deny,
    Drop,
    Forward,
    Reason,
    Refuse,
    Standing,
    decide_for_domain,
    decide_inbound,
    decide_outbound,
    find_standing,
)
from gateway.policy.home import USUAL_HOME
from gateway.policy.memory import Memory
from gateway.xmpp import namespaces as ns
from gateway.xmpp.element import Element
from gateway.xmpp.notes import without_notes
from gateway.xmpp.presence import build_presence
from gateway.xmpp.stanza import build_envelope, envelope_tree, error_reply, is_ping, ping_reply
from gateway.xmpp.wrappers import WrapperFilter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgecert.shared.clock import Clock
    from gateway.contacts.table import ContactTable
    from gateway.model.envelope import Envelope
    from gateway.model.jid import Jid
    from gateway.policy.access import Access
    from gateway.policy.decide import Decision
    from gateway.policy.home import HomePolicy
    from gateway.policy.partner import Partner, PartnerTable

DISCO_INFO: Final = "http://jabber.org/protocol/disco#info"
TOO_MANY_ERRORS: Final = "too-many-errors"
TOO_MANY_CONTACTS: Final = "too-many-contacts"
NOTE: Final = "note"
MAX_CONTACTS_PER_DOMAIN: Final = 50_000
_MAX_QUERY: Final = 4096

_HOME_EVENTS: Final[Mapping[Act, ContactEvent]] = {
    Act.SUBSCRIBE: ContactEvent.HOME_SUBSCRIBE,
    Act.SUBSCRIBED: ContactEvent.HOME_SUBSCRIBED,
    Act.UNSUBSCRIBE: ContactEvent.HOME_UNSUBSCRIBE,
    Act.UNSUBSCRIBED: ContactEvent.HOME_UNSUBSCRIBED,
}
# A partner's `subscribe` changes nothing by itself: the answer to it does.
_PARTNER_EVENTS: Final[Mapping[Act, ContactEvent]] = {
    Act.SUBSCRIBED: ContactEvent.PARTNER_SUBSCRIBED,
    Act.UNSUBSCRIBE: ContactEvent.PARTNER_UNSUBSCRIBE,
    Act.UNSUBSCRIBED: ContactEvent.PARTNER_UNSUBSCRIBED,
}
_NEED_CONTACT: Final = SUBSCRIPTION_ACTS | {Act.PROBE}
_NO_ERROR_EXPECTED: Final = frozenset({Act.REQUEST, Act.RESPONSE, Act.ERROR})


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


@dataclass(frozen=True, slots=True)
class Commit:
    """Let ``event`` happen to the contact ``key`` and see that it is on disk; only then follow ``routes``.

    What the event leaves as it was needs no disk. ``envelope`` is the stanza that all this is about.
    """

    envelope: Envelope
    key: ContactKey
    event: ContactEvent
    routes: tuple[ToHome | ToPartner, ...]


Route: TypeAlias = ToHome | ToPartner | Answer | Discard | Commit


class Router:
    """Decides about each stanza by the tables of policy, and remembers what later decisions need."""

    def __init__(self, homes: Mapping[str, HomePolicy], contacts: ContactTable, clock: Clock) -> None:
        """Route between ``homes`` and partners; ``contacts`` are kept by somebody else."""
        self.contacts = contacts
        self.memory = Memory(clock.monotonic)
        self.ledger = Ledger()
        self.knocks = Knocks()
        self._homes = homes
        self._clock = clock
        self._wrappers = WrapperFilter(homes)

    # --- partner to home

    def route_inbound(self, envelope: Envelope, partners: PartnerTable, access: Access) -> Route:
        """Give where a stanza goes that a partner sent to a home domain, over a stream authorized for that pair."""
        to, act = envelope.to, find_act(envelope)
        partner = partners.find(envelope.from_.domain)
        home = self._homes.get(to.domain, USUAL_HOME)
        answers = self._answers_home(act, envelope)
        if not to.local:
            answer = _answer_for_domain(envelope)
            if answer is not None:
                return answer
            decision = decide_for_domain(act, partner, home, answers=answers)
            return self._follow_inbound(decision, act, envelope)
        allowed = access.allows(to)
        contact = self._find_contact(act, partner, to, envelope.from_)
        standing = find_standing(partner, contact, allowed=allowed)
        unlisted = Reason.UNLISTED if allowed and partner is not None else Reason.GATED
        decision = decide_inbound(act, standing, contact, home, answers=answers, unlisted=unlisted)
        if act is Act.SUBSCRIBE and standing is Standing.UNLISTED:
            self.knocks.add(ContactKey.of(to, envelope.from_), self._clock.now())
        return self._follow_inbound(decision, act, envelope)

    def _find_contact(self, act: Act | None, partner: Partner | None, home: Jid, other: Jid) -> Contact:
        """Give the contact where a decision may depend on it: a trusted partner's messages need none."""
        if act in _NEED_CONTACT or (partner is not None and partner.type == "public-unverified"):
            return self.contacts.find(ContactKey.of(home, other))
        return NO_CONTACT

    def _answers_home(self, act: Act | None, envelope: Envelope) -> bool:
        if act is Act.RESPONSE:
            return self.memory.is_answer(envelope)
        return act is Act.ERROR and self.memory.was_sent(envelope)

    def _follow_inbound(self, decision: Decision, act: Act | None, envelope: Envelope) -> Route:
        match decision:
            case Forward():
                return self._let_in(act, envelope)
            case Approve():
                return self._approve(envelope)
            case Refuse(condition, reason, text):
                return self._answer_partner(error_reply(envelope, condition, text), reason.value)
            case Deny(reason):
                denial = build_presence("unsubscribed", envelope.to.bare, envelope.from_.bare)
                return self._answer_partner(denial, reason.value)
            case Drop(reason):
                return Discard(reason.value)
            case _ as never:
                assert_never(never)

    def _let_in(self, act: Act | None, envelope: Envelope) -> Route:
        if act is Act.REQUEST:
            self.memory.note_let_in(envelope)
            return ToHome(envelope)
        onward = ToHome(self._wrappers.clean(envelope))
        event = _PARTNER_EVENTS.get(act) if act in SUBSCRIPTION_ACTS else None
        if event is None:
            return onward
        return Commit(envelope, ContactKey.of(envelope.to, envelope.from_), event, (onward,))

    def _approve(self, envelope: Envelope) -> Route:
        """Say ``subscribed`` in the home user's name, and ask the home system for the user's presence."""
        key = ContactKey.of(envelope.to, envelope.from_)
        if not self.contacts.find(key).exists and self.contacts.count(key.partner_domain) >= MAX_CONTACTS_PER_DOMAIN:
            return Discard(TOO_MANY_CONTACTS)
        granted = ToPartner(build_presence("subscribed", key.home, key.partner))
        probe = ToHome(build_presence("probe", key.partner, key.home))
        return Commit(envelope, key, ContactEvent.GATEWAY_SUBSCRIBED, (granted, probe))

    def refuse_partner(self, envelope: Envelope, condition: StanzaCondition, text: str = "") -> Answer | Discard:
        """Give the error that answers a partner's stanza, within the limit of what one domain may make us say."""
        return self._answer_partner(error_reply(envelope, condition, text), condition.value)

    def _answer_partner(self, reply: Envelope | None, reason: str) -> Answer | Discard:
        if reply is None:
            return Discard(reason)
        if not self.memory.may_refuse(reply.to.domain):
            return Discard(TOO_MANY_ERRORS)
        return Answer(reply, reason)

    # --- home to partner

    def route_outbound(self, envelope: Envelope, partners: PartnerTable, access: Access) -> Route:
        """Give where a stanza goes that a home component sent."""
        from_, to = envelope.from_, envelope.to
        if to.domain in self._homes:
            return ToHome(envelope)
        act, partner = find_act(envelope), partners.find(to.domain)
        decision = decide_outbound(
            act,
            partner,
            self.contacts.find(ContactKey.of(from_, to)) if act is Act.SUBSCRIBED else NO_CONTACT,
            self._homes.get(from_.domain, USUAL_HOME),
            domain=to.domain,
            allowed=access.allows(from_),
            answers=act is Act.RESPONSE and self.memory.is_let_in(envelope),
        )
        match decision:
            case Forward(notes):
                passed = envelope if notes else without_notes(envelope)
                return Discard(NOTE) if passed is None else self._let_out(act, passed)
            case Refuse(condition, reason, text):
                reply = error_reply(envelope, condition, text)
                return Discard(reason.value) if reply is None else Answer(reply, reason.value)
            case Drop(reason) | Deny(reason):
                return Discard(reason.value)
            case Approve():
                return Discard(Reason.UNKNOWN_TYPE.value)
            case _ as never:
                assert_never(never)

    def _let_out(self, act: Act | None, envelope: Envelope) -> Route:
        if act is Act.REQUEST:
            self.memory.note_request(envelope)
        elif act is Act.AVAILABLE:
            self.ledger.available(envelope.from_, envelope.to)
        elif act is Act.UNAVAILABLE:
            self.ledger.unavailable(envelope.from_, envelope.to)
        if act not in _NO_ERROR_EXPECTED:
            self.memory.note_sent(envelope)
        event = _HOME_EVENTS.get(act) if act in SUBSCRIPTION_ACTS else None
        if event is None:
            return ToPartner(envelope)
        key = ContactKey.of(envelope.from_, envelope.to)
        self.knocks.forget(key)
        return Commit(envelope, key, event, (ToPartner(envelope),))


def refuse(envelope: Envelope, condition: StanzaCondition, text: str = "") -> Answer | Discard:
    """Give the error that answers ``envelope``; nothing where an answer is not allowed (RFC 6120 §8.3.1)."""
    reply = error_reply(envelope, condition, text)
    return Answer(reply, condition.value) if reply is not None else Discard(condition.value)


def _answer_for_domain(envelope: Envelope) -> Answer | None:
    """Answer what a partner asks the home domain itself: XEP-0199 ping and XEP-0030 disco#info."""
    if envelope.kind != "iq" or envelope.type != "get":
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
