"""What happens to a stanza between a home user and a partner: two tables, and the closed union :data:`Decision`.

A refusal towards a partner is always the one that a user who does not exist would cause (RFC 6121 §8.5.1), so that it
tells nothing: blocked, unlisted, gated and absent look alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from gateway.errors import StanzaCondition
from gateway.policy.acts import PRESENCE_ACTS, Act

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.model.contact import Contact
    from gateway.policy.home import HomePolicy
    from gateway.policy.partner import Partner


class Reason(StrEnum):
    """Why a stanza is dropped or refused; counted by this name."""

    DUPLICATE = "duplicate"
    GATED = "gated"
    GROUPCHAT = "groupchat"
    NO_PARTNER = "not-a-partner"
    NOT_FOR_DOMAIN = "not-for-the-domain"
    UNKNOWN_CONTACT = "unknown-contact"
    UNKNOWN_TYPE = "unknown-type"
    UNLISTED = "unlisted"
    UNSOLICITED = "unsolicited"
    UNSUPPORTED = "unsupported"
    UNWANTED = "unwanted"


@dataclass(frozen=True, slots=True)
class Forward:
    """Let the stanza pass; ``notes`` tells whether status notes may pass with it."""

    notes: bool = True


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer with a stanza error."""

    condition: StanzaCondition
    reason: Reason
    text: str = ""


@dataclass(frozen=True, slots=True)
class Drop:
    """Say nothing."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Approve:
    """Answer a subscription in the home user's name: ``subscribed``."""


@dataclass(frozen=True, slots=True)
class Deny:
    """Answer in the home user's name: ``unsubscribed``."""

    reason: Reason


Decision: TypeAlias = Forward | Refuse | Drop | Approve | Deny

FORWARD: Final = Forward()
FORWARD_WITHOUT_NOTES: Final = Forward(notes=False)
APPROVE: Final = Approve()


class Standing(Enum):
    """How a partner's user stands to a home user; the columns of the table."""

    __hash__ = object.__hash__  # as that of Act

    TRUSTED = "federated, public-verified"
    LISTED = "public-unverified, listed"
    UNLISTED = "public-unverified, not listed"


class Rule(Enum):
    """What a cell of the table says; the value is how the documentation writes it."""

    __hash__ = object.__hash__  # as that of Act

    FORWARD = "forwarded"
    CONSENT = "forwarded; with `consent = gateway` approved by the gateway"
    IF_WANTED = "forwarded if the home user has asked, or sees the other's presence"
    IF_KNOWN = "forwarded if there is a contact"
    IF_GRANTED = "forwarded; with `consent = gateway` and nothing granted answered `unsubscribed`"
    IF_COMPONENT = "forwarded to a component, else `service-unavailable`"
    IF_ANSWER = "forwarded if it answers an iq that home sent in the last 120 s"
    IF_SENT = "forwarded if home sent that bare JID a stanza of this kind in the last 5 min"
    REFUSE = "`service-unavailable`"
    DENY = "answered `unsubscribed`"
    DROP = "silence"
    DROP_AND_SHOW = "silence, counted and shown in `contacts list`"


_R = Rule
INBOUND: Final[Mapping[Act, tuple[Rule, Rule, Rule]]] = {
    # act: trusted, listed, unlisted
    Act.SUBSCRIBE: (_R.CONSENT, _R.FORWARD, _R.DROP_AND_SHOW),
    Act.SUBSCRIBED: (_R.IF_WANTED, _R.IF_WANTED, _R.DROP),
    Act.UNSUBSCRIBED: (_R.IF_WANTED, _R.IF_WANTED, _R.DROP),
    Act.UNSUBSCRIBE: (_R.IF_KNOWN, _R.IF_KNOWN, _R.DROP),
    Act.PROBE: (_R.IF_GRANTED, _R.FORWARD, _R.DENY),
    Act.AVAILABLE: (_R.FORWARD, _R.FORWARD, _R.DROP),
    Act.UNAVAILABLE: (_R.FORWARD, _R.FORWARD, _R.DROP),
    Act.MESSAGE: (_R.FORWARD, _R.FORWARD, _R.REFUSE),
    Act.GROUPCHAT: (_R.IF_COMPONENT, _R.REFUSE, _R.REFUSE),
    Act.REQUEST: (_R.IF_COMPONENT, _R.IF_COMPONENT, _R.REFUSE),
    Act.RESPONSE: (_R.IF_ANSWER, _R.IF_ANSWER, _R.IF_ANSWER),
    Act.ERROR: (_R.IF_SENT, _R.IF_SENT, _R.IF_SENT),
}
"""A partner's user to a home user."""

_CELLS: Final[Mapping[tuple[Act, Standing], Rule]] = {
    (act, standing): rule for act, rules in INBOUND.items() for standing, rule in zip(Standing, rules, strict=True)
}
_TURNED_AWAY: Final = frozenset({Rule.REFUSE, Rule.DENY, Rule.DROP, Rule.DROP_AND_SHOW})
_TRUSTED_TYPES: Final = frozenset({"federated", "public-verified"})
_SHOWN_CONDITION: Final = StanzaCondition.SERVICE_UNAVAILABLE
_REFUSE_UNSUPPORTED: Final = Refuse(_SHOWN_CONDITION, Reason.UNSUPPORTED)
_REFUSE_FOR_DOMAIN: Final = Refuse(_SHOWN_CONDITION, Reason.NOT_FOR_DOMAIN)
_REFUSE_GATED_SENDER: Final = Refuse(StanzaCondition.FORBIDDEN, Reason.GATED, "this user may not federate")


def find_standing(partner: Partner | None, contact: Contact, *, allowed: bool) -> Standing:
    """Give how a user of ``partner`` stands to a home user who is ``allowed`` to federate or gated.

    None as partner is one that was taken out of the table while its stream was still up.
    """
    if partner is None or not allowed:
        return Standing.UNLISTED
    if partner.type in _TRUSTED_TYPES:
        return Standing.TRUSTED
    return Standing.LISTED if contact.is_listed else Standing.UNLISTED


def decide_inbound(
    act: Act | None,
    standing: Standing,
    contact: Contact,
    home: HomePolicy,
    *,
    answers: bool = False,
    unlisted: Reason = Reason.UNLISTED,
) -> Decision:
    """Give what happens to a stanza from a partner's user to a home user.

    ``answers`` says whether home has sent what it answers; ``unlisted`` is why the standing is the lowest.
    """
    if act is None:
        return Drop(Reason.UNKNOWN_TYPE)
    rule = _CELLS[act, standing]
    if rule is Rule.FORWARD:
        return FORWARD
    if rule in _TURNED_AWAY:
        return _turn_away(rule, Reason.GROUPCHAT if standing is not Standing.UNLISTED else unlisted)
    return _decide_by_state(rule, contact, home, answers=answers)


def _turn_away(rule: Rule, reason: Reason) -> Decision:
    if rule is Rule.REFUSE:
        return Refuse(_SHOWN_CONDITION, reason)
    return Deny(reason) if rule is Rule.DENY else Drop(reason)


def _decide_by_state(rule: Rule, contact: Contact, home: HomePolicy, *, answers: bool) -> Decision:
    match rule:
        case Rule.CONSENT:
            return APPROVE if home.consent == "gateway" else FORWARD
        case Rule.IF_WANTED:
            return FORWARD if contact.asked or contact.to else Drop(Reason.UNWANTED)
        case Rule.IF_KNOWN:
            return FORWARD if contact.exists else Drop(Reason.UNKNOWN_CONTACT)
        case Rule.IF_GRANTED:
            return Deny(Reason.UNKNOWN_CONTACT) if home.consent == "gateway" and not contact.granted else FORWARD
        case Rule.IF_COMPONENT:
            return FORWARD if home.connector == "component" else _REFUSE_UNSUPPORTED
        case _:
            return FORWARD if answers else Drop(Reason.UNSOLICITED)


def decide_for_domain(act: Act | None, partner: Partner | None, home: HomePolicy, *, answers: bool = False) -> Decision:
    """Give what happens to a stanza from a partner to a home domain itself, ping and disco apart."""
    if act is None:
        return Drop(Reason.UNKNOWN_TYPE)
    if act in {Act.RESPONSE, Act.ERROR}:
        return FORWARD if answers else Drop(Reason.UNSOLICITED)
    if partner is not None and partner.type in _TRUSTED_TYPES and home.connector == "component":
        return FORWARD
    return Drop(Reason.NOT_FOR_DOMAIN) if act in PRESENCE_ACTS else _REFUSE_FOR_DOMAIN


def decide_outbound(
    act: Act | None,
    partner: Partner | None,
    contact: Contact,
    home: HomePolicy,
    *,
    domain: str,
    allowed: bool,
    answers: bool = False,
) -> Decision:
    """Give what happens to a stanza from a home user to ``domain``, which may be no partner's.

    ``answers`` says whether it answers an iq that was let in.
    """
    if act is None:
        return Drop(Reason.UNKNOWN_TYPE)
    if not allowed:
        return _unless_reply(act, _REFUSE_GATED_SENDER)
    if partner is None:
        text = f"{domain} is not a configured partner"
        return _unless_reply(act, Refuse(StanzaCondition.NOT_ALLOWED, Reason.NO_PARTNER, text))
    if act is Act.RESPONSE and not answers:
        return Drop(Reason.UNSOLICITED)
    if act is Act.SUBSCRIBED and contact.granted and home.consent == "gateway":
        return Drop(Reason.DUPLICATE)  # the gateway has said so already
    return FORWARD if partner.type == "federated" else FORWARD_WITHOUT_NOTES


def _unless_reply(act: Act, refusal: Refuse) -> Decision:
    """Refuse, but never answer an answer (RFC 6120 §8.3.1)."""
    return Drop(refusal.reason) if act in {Act.RESPONSE, Act.ERROR} else refusal
