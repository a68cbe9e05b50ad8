"""Each cell of the tables, written out here a second time: the code's table is data, and data can be mistyped too."""

from __future__ import annotations

import pytest

from gateway.errors import StanzaCondition
from gateway.model.contact import NO_CONTACT, Contact
from gateway.policy.acts import Act
from gateway.policy.decide import (
    Approve,
    Decision,
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
from gateway.policy.home import HomePolicy
from gateway.policy.partner import Partner, PartnerType

FEDERATED, VERIFIED, UNVERIFIED = (
    Partner(domain="fabrikam.example", type=kind) for kind in ("federated", "public-verified", "public-unverified")
)
COMPONENT, SIP, CONSENTING = HomePolicy(), HomePolicy(connector="sip"), HomePolicy(consent="gateway")
LISTED, ASKED, SEEN = Contact(listed=True), Contact(listed=True, asked=True), Contact(listed=True, to=True)
GRANTED = Contact(granted=True)
T, L, U = Standing.TRUSTED, Standing.LISTED, Standing.UNLISTED


def short(decision: Decision) -> str:
    match decision:
        case Forward():
            return "forward"
        case Refuse(condition):
            return condition.value
        case Drop():
            return "silence"
        case Approve():
            return "approve"
        case Deny():
            return "unsubscribed"


SU, SILENCE = "service-unavailable", "silence"
CELLS: list[tuple[Act, Standing, Contact, HomePolicy, bool, str]] = [
    # subscribe
    (Act.SUBSCRIBE, T, NO_CONTACT, COMPONENT, False, "forward"),
    (Act.SUBSCRIBE, T, NO_CONTACT, CONSENTING, False, "approve"),
    (Act.SUBSCRIBE, L, LISTED, COMPONENT, False, "forward"),
    (Act.SUBSCRIBE, L, LISTED, CONSENTING, False, "forward"),
    (Act.SUBSCRIBE, U, NO_CONTACT, COMPONENT, False, SILENCE),
    (Act.SUBSCRIBE, U, NO_CONTACT, CONSENTING, False, SILENCE),
    # subscribed, unsubscribed: only who was asked answers
    *(
        (act, standing, ASKED, COMPONENT, False, "forward")
        for act in (Act.SUBSCRIBED, Act.UNSUBSCRIBED)
        for standing in (T, L)
    ),
    *(
        (act, standing, SEEN, COMPONENT, False, "forward")
        for act in (Act.SUBSCRIBED, Act.UNSUBSCRIBED)
        for standing in (T, L)
    ),
    *(
        (act, standing, LISTED, COMPONENT, False, SILENCE)
        for act in (Act.SUBSCRIBED, Act.UNSUBSCRIBED)
        for standing in (T, L)
    ),
    *((act, U, ASKED, COMPONENT, False, SILENCE) for act in (Act.SUBSCRIBED, Act.UNSUBSCRIBED)),
    # unsubscribe
    (Act.UNSUBSCRIBE, T, NO_CONTACT, COMPONENT, False, SILENCE),
    (Act.UNSUBSCRIBE, T, GRANTED, COMPONENT, False, "forward"),
    (Act.UNSUBSCRIBE, L, LISTED, COMPONENT, False, "forward"),
    (Act.UNSUBSCRIBE, U, GRANTED, COMPONENT, False, SILENCE),
    # probe
    (Act.PROBE, T, NO_CONTACT, COMPONENT, False, "forward"),
    (Act.PROBE, T, NO_CONTACT, CONSENTING, False, "unsubscribed"),
    (Act.PROBE, T, GRANTED, CONSENTING, False, "forward"),
    (Act.PROBE, L, LISTED, COMPONENT, False, "forward"),
    (Act.PROBE, L, LISTED, CONSENTING, False, "forward"),
    (Act.PROBE, U, NO_CONTACT, COMPONENT, False, "unsubscribed"),
    # presence, message
    *(
        (act, standing, LISTED, COMPONENT, False, "forward")
        for act in (Act.AVAILABLE, Act.UNAVAILABLE, Act.MESSAGE)
        for standing in (T, L)
    ),
    (Act.AVAILABLE, U, NO_CONTACT, COMPONENT, False, SILENCE),
    (Act.UNAVAILABLE, U, NO_CONTACT, COMPONENT, False, SILENCE),
    (Act.MESSAGE, U, NO_CONTACT, COMPONENT, False, SU),
    # groupchat
    (Act.GROUPCHAT, T, NO_CONTACT, COMPONENT, False, "forward"),
    (Act.GROUPCHAT, T, NO_CONTACT, SIP, False, SU),
    (Act.GROUPCHAT, L, LISTED, COMPONENT, False, SU),
    (Act.GROUPCHAT, U, NO_CONTACT, COMPONENT, False, SU),
    # iq
    (Act.REQUEST, T, NO_CONTACT, COMPONENT, False, "forward"),
    (Act.REQUEST, T, NO_CONTACT, SIP, False, SU),
    (Act.REQUEST, L, LISTED, COMPONENT, False, "forward"),
    (Act.REQUEST, L, LISTED, SIP, False, SU),
    (Act.REQUEST, U, NO_CONTACT, COMPONENT, False, SU),
    *(
        (act, standing, NO_CONTACT, COMPONENT, True, "forward")
        for act in (Act.RESPONSE, Act.ERROR)
        for standing in Standing
    ),
    *((act, standing, LISTED, COMPONENT, False, SILENCE) for act in (Act.RESPONSE, Act.ERROR) for standing in Standing),
]


@pytest.mark.parametrize(("act", "standing", "contact", "home", "answers", "expected"), CELLS)
def test_a_partners_user_to_a_home_user(
    act: Act, standing: Standing, contact: Contact, home: HomePolicy, answers: bool, expected: str
) -> None:
    assert short(decide_inbound(act, standing, contact, home, answers=answers)) == expected


def test_each_cell_is_tried() -> None:
    assert {(act, standing) for act, standing, *_ in CELLS} == {(act, standing) for act in Act for standing in Standing}


@pytest.mark.parametrize(
    ("partner", "contact", "allowed", "standing"),
    [
        (FEDERATED, NO_CONTACT, True, T),
        (VERIFIED, NO_CONTACT, True, T),
        (UNVERIFIED, LISTED, True, L),
        (UNVERIFIED, Contact(pinned=True), True, L),
        (UNVERIFIED, GRANTED, True, U),
        (UNVERIFIED, NO_CONTACT, True, U),
        (FEDERATED, LISTED, False, U),
        (None, LISTED, True, U),
    ],
)
def test_who_stands_how(partner: Partner | None, contact: Contact, allowed: bool, standing: Standing) -> None:
    assert find_standing(partner, contact, allowed=allowed) is standing


def test_what_has_no_type_of_its_kind_goes_nowhere() -> None:
    assert decide_inbound(None, T, NO_CONTACT, COMPONENT) == Drop(Reason.UNKNOWN_TYPE)
    assert decide_for_domain(None, FEDERATED, COMPONENT) == Drop(Reason.UNKNOWN_TYPE)
    assert decide_outbound(None, FEDERATED, NO_CONTACT, COMPONENT, domain="x", allowed=True) == Drop(
        Reason.UNKNOWN_TYPE
    )


def test_why_somebody_is_turned_away_is_for_the_counters_alone() -> None:
    gated = decide_inbound(Act.MESSAGE, U, NO_CONTACT, COMPONENT, unlisted=Reason.GATED)
    unlisted = decide_inbound(Act.MESSAGE, U, NO_CONTACT, COMPONENT)
    assert isinstance(gated, Refuse)
    assert isinstance(unlisted, Refuse)
    assert (gated.condition, gated.text) == (unlisted.condition, unlisted.text)
    assert (gated.reason, unlisted.reason) == (Reason.GATED, Reason.UNLISTED)


PRESENCE = {Act.SUBSCRIBE, Act.SUBSCRIBED, Act.UNSUBSCRIBE, Act.UNSUBSCRIBED, Act.PROBE, Act.AVAILABLE, Act.UNAVAILABLE}


@pytest.mark.parametrize("act", Act)
def test_to_the_home_domain_itself(act: Act) -> None:
    answer = act in {Act.RESPONSE, Act.ERROR}
    for partner in (FEDERATED, VERIFIED):
        assert short(decide_for_domain(act, partner, COMPONENT)) == (SILENCE if answer else "forward")
    others: tuple[tuple[Partner | None, HomePolicy], ...] = (
        (UNVERIFIED, COMPONENT),
        (None, COMPONENT),
        (FEDERATED, SIP),
    )
    for other, home in others:
        expected = SILENCE if answer or act in PRESENCE else SU
        assert short(decide_for_domain(act, other, home)) == expected
    if answer:
        assert short(decide_for_domain(act, UNVERIFIED, COMPONENT, answers=True)) == "forward"


def outbound(
    act: Act,
    partner: Partner | None,
    contact: Contact = NO_CONTACT,
    home: HomePolicy = COMPONENT,
    *,
    allowed: bool = True,
    answers: bool = False,
) -> Decision:
    return decide_outbound(act, partner, contact, home, domain="fabrikam.example", allowed=allowed, answers=answers)


@pytest.mark.parametrize("act", Act)
def test_home_to_partner(act: Act) -> None:
    gated, stranger = outbound(act, FEDERATED, allowed=False), outbound(act, None)
    if act in {Act.RESPONSE, Act.ERROR}:
        assert (short(gated), short(stranger)) == (SILENCE, SILENCE)
    else:
        assert (short(gated), short(stranger)) == ("forbidden", "not-allowed")
        assert isinstance(stranger, Refuse)
        assert "fabrikam.example" in stranger.text
    kinds: tuple[tuple[PartnerType, bool], ...] = (
        ("federated", True),
        ("public-verified", False),
        ("public-unverified", False),
    )
    for kind, notes in kinds:
        decision = outbound(act, Partner(domain="fabrikam.example", type=kind), answers=True)
        assert decision == Forward(notes=notes)


def test_home_answers_only_queries_that_were_let_in() -> None:
    assert outbound(Act.RESPONSE, FEDERATED) == Drop(Reason.UNSOLICITED)
    assert outbound(Act.RESPONSE, FEDERATED, answers=True) == Forward()


def test_an_approval_is_said_once_and_a_denial_always() -> None:
    assert outbound(Act.SUBSCRIBED, FEDERATED, GRANTED, CONSENTING) == Drop(Reason.DUPLICATE)
    assert outbound(Act.SUBSCRIBED, FEDERATED, NO_CONTACT, CONSENTING) == Forward()
    assert outbound(Act.SUBSCRIBED, FEDERATED, GRANTED, COMPONENT) == Forward()
    assert outbound(Act.UNSUBSCRIBED, FEDERATED, GRANTED, CONSENTING) == Forward()


def test_the_condition_of_a_refusal_is_that_of_an_absent_user() -> None:
    conditions = {
        decision.condition
        for act in Act
        for standing in Standing
        for home in (COMPONENT, SIP, CONSENTING)
        if isinstance(decision := decide_inbound(act, standing, NO_CONTACT, home), Refuse)
    }
    assert conditions == {StanzaCondition.SERVICE_UNAVAILABLE}
