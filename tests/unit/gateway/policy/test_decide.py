from __future__ import annotations

import pytest

from gateway.errors import StanzaCondition
from gateway.policy.access import Access
from gateway.policy.decide import Drop, DropReason, Forward, Refuse, decide_inbound, decide_outbound
from gateway.policy.partner import Partner
from tests.support.streams import envelope

PARTNER = Partner(domain="fabrikam.example")
GATED = Access(users={"bob@contoso.example": False})


@pytest.mark.parametrize("kind", ["message", "presence", "iq"])
def test_a_partner_and_a_user_who_may_federate_talk(kind: str) -> None:
    assert decide_outbound(PARTNER, envelope(kind)) == Forward()
    assert (
        decide_inbound(PARTNER, envelope(kind, from_="alice@fabrikam.example", to="bob@contoso.example")) == Forward()
    )


def test_home_is_told_that_a_domain_is_no_partner() -> None:
    decision = decide_outbound(None, envelope())
    assert isinstance(decision, Refuse)
    assert decision.condition is StanzaCondition.NOT_ALLOWED
    assert "fabrikam.example" in decision.text


def test_a_gated_sender_is_told_and_a_gated_receiver_looks_absent() -> None:
    assert decide_outbound(PARTNER, envelope(), access=GATED) == Refuse(
        StanzaCondition.FORBIDDEN, "this user may not federate"
    )
    inbound = envelope("message", from_="alice@fabrikam.example", to="bob@contoso.example")
    assert decide_inbound(PARTNER, inbound, access=GATED) == Refuse(StanzaCondition.SERVICE_UNAVAILABLE)
    presence = envelope("presence", from_="alice@fabrikam.example", to="bob@contoso.example")
    assert decide_inbound(PARTNER, presence, access=GATED) == Drop(DropReason.GATED)


@pytest.mark.parametrize(("kind", "type_"), [("message", "error"), ("iq", "error"), ("iq", "result")])
def test_an_answer_is_never_answered(kind: str, type_: str) -> None:
    answer = envelope(kind, type_)
    assert decide_outbound(None, answer) == Drop(DropReason.ERROR_TO_NOBODY)
    assert decide_inbound(None, answer) == Drop(DropReason.ERROR_TO_NOBODY)
