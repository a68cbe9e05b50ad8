from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.contacts.events import ContactEvent, next_contact
from gateway.contacts.ledger import Shown
from gateway.contacts.table import ContactTable
from gateway.errors import StanzaCondition
from gateway.model.contact import Contact, ContactKey
from gateway.model.jid import Jid
from gateway.policy.access import OPEN, Access
from gateway.policy.home import HomePolicy
from gateway.policy.memory import ERRORS_AT_ONCE
from gateway.policy.partner import Partner, PartnerTable, PartnerType
from gateway.routing import Answer, Commit, Discard, Route, Router, ToHome, ToPartner, refuse
from gateway.xmpp.element import Element
from gateway.xmpp.stanza import build_envelope
from tests.support.clock import FakeClock
from tests.support.streams import HOME, PARTNER, envelope

if TYPE_CHECKING:
    from gateway.model.envelope import Envelope

ALICE, BOB = f"alice@{PARTNER}", f"bob@{HOME}"
KEY = ContactKey("bob", HOME, "alice", PARTNER)
GATED = Access(allow_xmpp=False)


class Desk:
    """A router with its tables, and what commits would do."""

    def __init__(self, kind: PartnerType = "federated", consent: HomePolicy | None = None, **flags: bool) -> None:
        self.partners = PartnerTable.of([Partner(domain=PARTNER, type=kind)])
        self.access = OPEN
        self.clock = FakeClock()
        self.contacts = ContactTable([(KEY, Contact(**flags))])
        policy = consent or HomePolicy()
        self.router = Router({HOME: policy, "second.example": policy}, self.contacts, self.clock)

    def inbound(self, kind: str, type_: str = "", *, from_: str = ALICE, to: str = BOB) -> Route:
        return self.route_in(envelope(kind, type_, from_=from_, to=to))

    def outbound(self, kind: str, type_: str = "", *, from_: str = BOB, to: str = ALICE) -> Route:
        return self.route_out(envelope(kind, type_, from_=from_, to=to))

    def route_in(self, stanza: Envelope) -> Route:
        return self.router.route_inbound(stanza, self.partners, self.access)

    def route_out(self, stanza: Envelope) -> Route:
        return self.router.route_outbound(stanza, self.partners, self.access)

    def commit(self, route: Route) -> Commit:
        assert isinstance(route, Commit)
        self.contacts.put(route.key, next_contact(self.contacts.find(route.key), route.event))
        return route


def query(namespace: str, name: str, *, to: str = HOME, **attributes: str) -> Envelope:
    child = Element(namespace, name, attributes)
    asked = {"from": ALICE, "to": to, "type": "get", "id": "q1"}
    return build_envelope(Element("jabber:server", "iq", asked, (child,)))


def condition_of(route: Route) -> str:
    assert isinstance(route, Answer)
    assert route.envelope.type == "error"
    return next(
        condition.value for condition in StanzaCondition if f"<{condition.value} ".encode() in route.envelope.raw
    )


def test_between_known_domains_stanzas_pass_as_they_are() -> None:
    desk = Desk()
    to_partner, to_home = envelope(), envelope(from_=ALICE, to=BOB)
    assert desk.route_out(to_partner) == ToPartner(to_partner)
    assert desk.route_in(to_home) == ToHome(to_home)


def test_home_domains_reach_each_other_without_a_partner() -> None:
    between = envelope(to="carol@second.example")
    assert Desk().route_out(between) == ToHome(between)


def test_who_is_no_partner_is_named_to_the_home_user() -> None:
    route = Desk().outbound("message", to="x@stranger.example")
    assert condition_of(route) == "not-allowed"
    assert isinstance(route, Answer)
    assert b"stranger.example is not a configured partner" in route.envelope.raw
    assert (str(route.envelope.from_), str(route.envelope.to)) == ("x@stranger.example", BOB)


def test_gated_users_neither_send_nor_receive() -> None:
    desk = Desk()
    desk.access = GATED
    assert condition_of(desk.outbound("message")) == "forbidden"
    assert condition_of(desk.outbound("presence", "subscribe")) == "forbidden"
    assert condition_of(desk.inbound("message")) == "service-unavailable"
    assert desk.inbound("presence") == Discard("gated")
    assert desk.inbound("presence", "subscribe") == Discard("gated")


# --- refusals tell nothing


def refusals(desk: Desk, access: Access = OPEN) -> list[bytes]:
    desk.access = access
    routes = [desk.inbound(kind, type_) for kind, type_ in (("message", "chat"), ("iq", "get"), ("presence", "probe"))]
    assert all(isinstance(route, Answer) for route in routes)
    return [route.envelope.raw for route in routes if isinstance(route, Answer)]


def test_gated_unlisted_and_removed_look_alike_to_the_byte() -> None:
    removed = Desk()
    removed.partners = PartnerTable()
    unlisted = refusals(Desk("public-unverified"))
    assert refusals(Desk("federated"), GATED) == unlisted
    assert refusals(Desk("public-unverified", listed=True), GATED) == unlisted
    assert refusals(removed) == unlisted
    # What a home system says of a user who is not there (RFC 6121 §8.5.1), were it asked.
    message = envelope("message", "chat", from_=ALICE, to=BOB)
    absent = refuse(message, StanzaCondition.SERVICE_UNAVAILABLE)
    assert isinstance(absent, Answer)
    assert unlisted[0] == absent.envelope.raw
    assert b"text" not in unlisted[0]
    assert b"type='unsubscribed'" in unlisted[2]


def test_errors_to_one_domain_are_limited_and_then_silent() -> None:
    desk = Desk("public-unverified")
    routes = [desk.inbound("message", "chat", from_=f"u{number}@{PARTNER}") for number in range(ERRORS_AT_ONCE + 5)]
    assert routes[ERRORS_AT_ONCE:] == [Discard("too-many-errors")] * 5
    assert all(isinstance(route, Answer) for route in routes[:ERRORS_AT_ONCE])
    assert isinstance(desk.router.refuse_partner(envelope(from_=ALICE, to=BOB), StanzaCondition.NOT_ALLOWED), Discard)


# --- subscriptions


def test_a_subscription_changes_the_contact_and_then_goes_on() -> None:
    desk = Desk("public-unverified")
    asked = desk.commit(desk.outbound("presence", "subscribe"))
    assert (asked.key, asked.event) == (KEY, ContactEvent.HOME_SUBSCRIBE)
    (onward,) = asked.routes
    assert isinstance(onward, ToPartner)
    assert onward.envelope.type == "subscribe"
    answered = desk.commit(desk.inbound("presence", "subscribed"))
    assert answered.event is ContactEvent.PARTNER_SUBSCRIBED
    assert isinstance(answered.routes[0], ToHome)
    assert desk.contacts.find(KEY) == Contact(listed=True, to=True)
    forwarded = desk.inbound("presence", "subscribe")
    assert isinstance(forwarded, ToHome)
    desk.commit(desk.outbound("presence", "subscribed"))
    assert desk.contacts.find(KEY) == Contact(listed=True, to=True, granted=True)
    desk.commit(desk.inbound("presence", "unsubscribe"))
    desk.commit(desk.inbound("presence", "unsubscribed"))
    assert desk.contacts.find(KEY) == Contact(listed=True)


def test_resources_play_no_part_in_a_contact() -> None:
    desk = Desk()
    route = desk.outbound("presence", "subscribe", from_=f"{BOB}/desk", to=f"{ALICE}/phone")
    assert isinstance(route, Commit)
    assert route.key == KEY


def test_who_knocks_in_vain_is_shown_until_listed() -> None:
    desk = Desk("public-unverified")
    for _ in range(3):
        assert desk.inbound("presence", "subscribe") == Discard("unlisted")
    ((key, knock),) = desk.router.knocks
    assert (key, knock.count, knock.last) == (KEY, 3, desk.clock.now())
    desk.outbound("presence", "subscribe")
    assert list(desk.router.knocks) == []


CONSENTING = HomePolicy(consent="gateway")


def test_the_gateway_approves_and_asks_home_for_the_presence() -> None:
    desk = Desk(consent=CONSENTING)
    route = desk.commit(desk.inbound("presence", "subscribe", from_=f"{ALICE}/x", to=f"{BOB}/y"))
    assert route.event is ContactEvent.GATEWAY_SUBSCRIBED
    answer, probe = route.routes
    assert isinstance(answer, ToPartner)
    assert isinstance(probe, ToHome)
    assert answer.envelope.raw == f"<presence type='subscribed' from='{BOB}' to='{ALICE}'/>".encode()
    assert probe.envelope.raw == f"<presence type='probe' from='{ALICE}' to='{BOB}'/>".encode()
    assert desk.contacts.find(KEY) == Contact(granted=True)
    assert isinstance(desk.inbound("presence", "probe"), ToHome)


def test_homes_own_approval_is_swallowed_and_its_denial_wins() -> None:
    desk = Desk(consent=CONSENTING, granted=True)
    assert desk.outbound("presence", "subscribed") == Discard("duplicate")
    desk.commit(desk.outbound("presence", "unsubscribed"))
    assert not desk.contacts.find(KEY).exists
    probed = desk.inbound("presence", "probe")
    assert isinstance(probed, Answer)
    assert probed.envelope.type == "unsubscribed"


def test_one_domain_cannot_fill_the_table_by_being_approved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.routing.MAX_CONTACTS_PER_DOMAIN", 1)
    desk = Desk(consent=CONSENTING)
    desk.commit(desk.inbound("presence", "subscribe"))
    assert desk.inbound("presence", "subscribe", from_=f"eve@{PARTNER}") == Discard("too-many-contacts")
    assert isinstance(desk.inbound("presence", "subscribe"), Commit)


# --- answers and errors


def test_an_answer_comes_in_only_for_what_was_asked() -> None:
    desk = Desk("public-unverified")
    ask = envelope("iq", "get", id_="q")
    answer = envelope("iq", "result", from_=ALICE, to=BOB, id_="q")
    assert desk.route_in(answer) == Discard("unsolicited")
    assert desk.route_out(ask) == ToPartner(ask)
    assert desk.route_in(answer) == ToHome(answer)
    assert desk.route_in(answer) == Discard("unsolicited")


def test_home_answers_only_what_was_let_in() -> None:
    desk = Desk("public-unverified", listed=True)
    answer = envelope("iq", "result", id_="q")
    assert desk.route_out(answer) == Discard("unsolicited")
    ask = envelope("iq", "get", from_=ALICE, to=BOB, id_="q")
    assert desk.route_in(ask) == ToHome(ask)
    assert desk.route_out(answer) == ToPartner(answer)


def test_errors_come_in_only_from_who_was_written_to() -> None:
    desk = Desk("public-unverified")
    error = envelope("message", "error", from_=f"{ALICE}/x", to=BOB)
    assert desk.route_in(error) == Discard("unsolicited")
    desk.outbound("message", "chat")
    assert desk.route_in(error) == ToHome(error)
    assert desk.inbound("presence", "error") == Discard("unsolicited")


def test_a_message_lists_nobody() -> None:
    desk = Desk("public-unverified")
    for kind, type_ in (("message", "chat"), ("iq", "get"), ("presence", ""), ("presence", "probe")):
        assert isinstance(desk.outbound(kind, type_), ToPartner)
    assert condition_of(desk.inbound("message", "chat")) == "service-unavailable"
    assert len(desk.contacts) == 0


# --- presence, notes, wrappers


def test_notes_are_for_federated_partners() -> None:
    presence = replace(envelope("presence"), raw=b"<presence><status>here</status></presence>")
    assert Desk("federated").route_out(presence) == ToPartner(presence)
    for kind in ("public-verified", "public-unverified"):
        route = Desk(kind).route_out(presence)
        assert isinstance(route, ToPartner)
        assert b"here" not in route.envelope.raw
    mood = b"<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='http://jabber.org/protocol/mood'/></event>"
    event = replace(envelope("message", "headline"), raw=b"<message>" + mood + b"</message>")
    assert Desk("public-verified").route_out(event) == Discard("note")


def test_the_ledger_knows_who_saw_whom() -> None:
    desk = Desk()
    desk.outbound("presence", from_=f"{BOB}/desk", to=f"{ALICE}/phone")
    desk.outbound("presence", from_=f"{BOB}/desk", to="x@stranger.example")
    desk.outbound("presence", from_=f"{BOB}/home")
    desk.outbound("presence", "unavailable", from_=f"{BOB}/home")
    assert desk.router.ledger.take(lambda *_: True) == [Shown(Jid.parse(f"{BOB}/desk"), Jid.parse(ALICE))]


def test_forged_wrappers_are_lost_on_the_way_in() -> None:
    forged = f"<message><stanza-id xmlns='urn:xmpp:sid:0' id='1' by='{HOME}'/></message>".encode()
    route = Desk().route_in(replace(envelope("message", "chat", from_=ALICE, to=BOB), raw=forged))
    assert isinstance(route, ToHome)
    assert route.envelope.raw == b"<message/>"


# --- the domain itself


@pytest.mark.parametrize("kind", ["federated", "public-verified", "public-unverified"])
def test_the_domain_answers_ping_and_disco_itself(kind: PartnerType) -> None:
    desk = Desk(kind)
    ping = desk.route_in(query("urn:xmpp:ping", "ping"))
    assert isinstance(ping, Answer)
    assert (ping.envelope.type, ping.envelope.id, ping.envelope.to.domain) == ("result", "q1", PARTNER)
    info = "http://jabber.org/protocol/disco#info"
    disco = desk.route_in(query(info, "query"))
    assert isinstance(disco, Answer)
    assert b"urn:xmpp:ping" in disco.envelope.raw
    node = desk.route_in(query(info, "query", node="x"))
    assert isinstance(node, Answer)
    assert b"item-not-found" in node.envelope.raw
    other = query("jabber:iq:version", "query")
    if kind == "public-unverified":
        assert condition_of(desk.route_in(other)) == "service-unavailable"
    else:
        assert desk.route_in(other) == ToHome(other)


def test_presence_to_the_domain_of_an_unverified_partner_is_silent() -> None:
    assert Desk("public-unverified").inbound("presence", "subscribe", to=HOME) == Discard("not-for-the-domain")
    assert isinstance(Desk("federated").inbound("presence", "probe", to=HOME), ToHome)


@pytest.mark.parametrize(("kind", "type_"), [("message", "error"), ("iq", "result"), ("iq", "error")])
def test_answers_are_never_answered(kind: str, type_: str) -> None:
    assert refuse(envelope(kind, type_), StanzaCondition.NOT_ALLOWED) == Discard("not-allowed")
    removed = Desk()
    removed.partners = PartnerTable()
    assert removed.outbound(kind, type_) == Discard("not-a-partner")
    removed.access = GATED
    assert removed.outbound(kind, type_) == Discard("gated")
