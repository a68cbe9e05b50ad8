"""What happens to a stanza between a home user and a partner: the closed union :data:`Decision`.

Today: partner known, addresses in order, user not gated. What a partner's type changes is decided here too, behind the
same names, when contacts are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from gateway.errors import StanzaCondition
from gateway.policy.access import OPEN

if TYPE_CHECKING:
    from gateway.model.envelope import Envelope
    from gateway.policy.access import Access
    from gateway.policy.partner import Partner


class DropReason(StrEnum):
    """Why a stanza is dropped without an answer; counted by this name."""

    GATED = "gated"
    ERROR_TO_NOBODY = "error-to-nobody"


@dataclass(frozen=True, slots=True)
class Forward:
    """Let the stanza pass as it is."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer with a stanza error."""

    condition: StanzaCondition
    text: str = ""


@dataclass(frozen=True, slots=True)
class Drop:
    """Say nothing."""

    reason: DropReason


Decision: TypeAlias = Forward | Refuse | Drop

FORWARD: Final = Forward()


def decide_inbound(partner: Partner | None, envelope: Envelope, *, access: Access = OPEN) -> Decision:
    """Give what happens to a stanza from a partner's user to a home user.

    A refusal is the one that a user who does not exist would give, so that it tells nothing.
    """
    if partner is None:
        # The stream has proved a domain that was taken out of the table in the meantime.
        return _refuse_silently(envelope, Refuse(StanzaCondition.SERVICE_UNAVAILABLE))
    if not access.allows(envelope.to):
        return _refuse_silently(envelope, Refuse(StanzaCondition.SERVICE_UNAVAILABLE))
    return FORWARD


def decide_outbound(partner: Partner | None, envelope: Envelope, *, access: Access = OPEN) -> Decision:
    """Give what happens to a stanza from a home user to another domain, which may be no partner's."""
    if not access.allows(envelope.from_):
        return _refuse_aloud(envelope, Refuse(StanzaCondition.FORBIDDEN, "this user may not federate"))
    if partner is None:
        text = f"{envelope.to.domain} is not a configured partner"
        return _refuse_aloud(envelope, Refuse(StanzaCondition.NOT_ALLOWED, text))
    return FORWARD


def _refuse_silently(envelope: Envelope, refusal: Refuse) -> Decision:
    """Refuse as a server does for a user who is not there: presence gets no answer."""
    if envelope.kind == "presence":
        return Drop(DropReason.GATED)
    return _refuse_aloud(envelope, refusal)


def _refuse_aloud(envelope: Envelope, refusal: Refuse) -> Decision:
    """Refuse, but never answer an answer (RFC 6120 §8.3.1)."""
    if envelope.is_error or (envelope.kind == "iq" and envelope.type == "result"):
        return Drop(DropReason.ERROR_TO_NOBODY)
    return refusal
