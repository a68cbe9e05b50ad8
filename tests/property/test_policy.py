"""Whatever two sides send in whatever order: who was not let in does not get in, and what is private stays here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, get_args

from hypothesis import given
from hypothesis import strategies as st

from gateway.contacts.events import ContactEvent, next_contact
from gateway.contacts.table import ContactTable
from gateway.model.contact import ContactKey
from gateway.model.jid import Jid
from gateway.policy.access import Access
from gateway.policy.acts import Act, find_act
from gateway.policy.home import HomePolicy
from gateway.policy.partner import Partner, PartnerTable, PartnerType
from gateway.routing import Answer, Commit, Router, ToHome, ToPartner
from tests.support.clock import FakeClock
from tests.support.streams import HOME, PARTNER, envelope

if TYPE_CHECKING:
    from gateway.model.envelope import Envelope
    from gateway.routing import Route

TYPES: Final = {
    "message": ("chat", "normal", "headline", "groupchat", "error"),
    "presence": ("", "unavailable", "subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe", "error"),
    "iq": ("get", "set", "result", "error"),
}
HOME_USERS, PARTNER_USERS = (f"bob@{HOME}", f"carol@{HOME}"), (f"alice@{PARTNER}", f"eve@{PARTNER}")
SECRET: Final = b"s3cret"
NOTES: Final = (
    "<status>{}</status>",
    "<nick xmlns='http://jabber.org/protocol/nick'>{}</nick>",
    "<idle xmlns='urn:xmpp:idle:1' since='{}'/>",
    "<x xmlns='vcard-temp:x:update'><photo>{}</photo></x>",
    "<future xmlns='urn:example:future'>{}</future>",
    "<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='{}'/></event>",
    "<query xmlns='jabber:iq:last' seconds='1'>{}</query>",
)
# An unknown element or a vCard in a message or an answer is what somebody meant to send, not a note.
NOTES_IN: Final = {"presence": NOTES[:5], "message": (NOTES[1], NOTES[5]), "iq": (NOTES[6],)}


@dataclass(frozen=True)
class Step:
    """One stanza, from one side to the other."""

    inbound: bool
    home: str
    partner: str
    kind: str
    type_: str
    id_: str
    note: str

    def stanza(self) -> Envelope:
        ends = (self.partner, self.home) if self.inbound else (self.home, self.partner)
        made = envelope(self.kind, self.type_, from_=ends[0], to=ends[1], id_=self.id_)
        inside = self.note.format(SECRET.decode())
        return replace(made, raw=made.raw[:-2] + f">{inside}</{self.kind}>".encode())


@st.composite
def steps(draw: st.DrawFn) -> Step:
    kind = draw(st.sampled_from(sorted(TYPES)))
    return Step(
        draw(st.booleans()),
        draw(st.sampled_from(HOME_USERS)),
        draw(st.sampled_from(PARTNER_USERS)),
        kind,
        draw(st.sampled_from(TYPES[kind])),
        draw(st.sampled_from("ab")),
        draw(st.sampled_from(NOTES_IN[kind])),
    )


class World:
    """A router and what happens, with a second, simple account of who has listed whom."""

    def __init__(self, kind: PartnerType, home: HomePolicy, access: Access) -> None:
        self.partners = PartnerTable.of([Partner(domain=PARTNER, type=kind)])
        self.access = access
        self.contacts = ContactTable()
        self.clock = FakeClock()
        self.router = Router({HOME: home}, self.contacts, self.clock)
        self.trusted = kind != "public-unverified"
        self.ever_listed: set[ContactKey] = set()
        self.asked: set[tuple[str, ...]] = set()
        self.sent: set[tuple[str, ...]] = set()

    def route(self, step: Step) -> list[Route]:
        stanza = step.stanza()
        way = self.router.route_inbound if step.inbound else self.router.route_outbound
        route = way(stanza, self.partners, self.access)
        self.clock.advance(timedelta(seconds=1))
        if not isinstance(route, Commit):
            return [route]
        self.contacts.put(route.key, next_contact(self.contacts.find(route.key), route.event))
        return list(route.routes)


def worlds() -> st.SearchStrategy[World]:
    return st.builds(
        World,
        st.sampled_from(get_args(PartnerType)),
        st.builds(HomePolicy, st.sampled_from(("home", "gateway"))),
        st.sampled_from((Access(), Access(users={HOME_USERS[0]: False}))),
    )


@given(worlds(), st.lists(steps(), max_size=40))
def test_who_was_not_let_in_does_not_get_in(world: World, sequence: list[Step]) -> None:
    for step in sequence:
        home, partner = Jid.parse(step.home), Jid.parse(step.partner)
        key = ContactKey.of(home, partner)
        listed, allowed = world.contacts.find(key).is_listed, world.access.allows(home)
        routes = world.route(step)
        if not step.inbound:
            _note(world, step, key, routes)
            continue
        got_in = any(isinstance(route, ToHome) for route in routes)
        act = find_act(step.stanza())
        if act is Act.RESPONSE:
            assert not got_in or (step.home, step.partner, step.id_) in world.asked
        elif act is Act.ERROR:
            assert not got_in or (step.home, step.partner, step.kind) in world.sent
        else:
            assert not got_in or (allowed and (world.trusted or listed))
            assert not got_in or world.trusted or key in world.ever_listed


def _note(world: World, step: Step, key: ContactKey, routes: list[Route]) -> None:
    """Keep the simple account: what home has sent, and whom it has listed by that."""
    if not any(isinstance(route, ToPartner) for route in routes):
        return
    if step.kind == "presence" and step.type_ in {"subscribe", "subscribed"}:
        world.ever_listed.add(key)
    if step.kind == "iq" and step.type_ in {"get", "set"}:
        world.asked.add((step.home, step.partner, step.id_))
    elif step.type_ != "error":
        world.sent.add((step.home, step.partner, step.kind))


@given(worlds(), st.lists(steps(), max_size=40))
def test_notes_go_to_federated_partners_alone(world: World, sequence: list[Step]) -> None:
    (partner,) = world.partners
    for step in sequence:
        for route in world.route(step):
            if isinstance(route, ToPartner) and not step.inbound and partner.type != "federated":
                assert SECRET not in route.envelope.raw


@given(worlds(), st.lists(steps(), max_size=40))
def test_a_refusal_never_says_more_than_that_nobody_is_there(world: World, sequence: list[Step]) -> None:
    for step in sequence:
        if not step.inbound:
            world.route(step)
            continue
        for route in world.route(step):
            if isinstance(route, Answer):
                raw = route.envelope.raw
                assert b"service-unavailable" in raw or b"type='unsubscribed'" in raw
                assert b"<text" not in raw


@given(worlds(), st.lists(steps(), max_size=40))
def test_contacts_stay_in_order(world: World, sequence: list[Step]) -> None:
    pinned = ContactKey.of(Jid.parse(HOME_USERS[1]), Jid.parse(PARTNER_USERS[0]))
    world.contacts.put(pinned, next_contact(world.contacts.find(pinned), ContactEvent.ADMINISTRATOR_ADDS))
    for step in sequence:
        key = ContactKey.of(Jid.parse(step.home), Jid.parse(step.partner))
        routes = world.route(step)
        assert world.contacts.find(pinned).pinned
        contact = world.contacts.find(key)
        assert not (contact.asked or contact.to) or contact.listed or contact.pinned or contact.granted
        if not step.inbound and step.type_ == "unsubscribed" and any(isinstance(r, ToPartner) for r in routes):
            assert not contact.granted
        if not world.access.allows(Jid.parse(step.home)):
            assert not contact.exists
