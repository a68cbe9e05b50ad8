from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.errors import StanzaCondition
from gateway.policy.access import Access
from gateway.policy.partner import Partner, PartnerTable
from gateway.routing import Answer, Discard, Route, ToHome, ToPartner, refuse, route_inbound, route_outbound
from gateway.xmpp.element import Element
from gateway.xmpp.stanza import build_envelope
from tests.support.streams import HOME, PARTNER, envelope

if TYPE_CHECKING:
    from gateway.model.envelope import Envelope

TABLE = PartnerTable.of([Partner(domain=PARTNER)])
GATED = Access(allow_xmpp=False)


def query(namespace: str, name: str, **attributes: str) -> Envelope:
    child = Element(namespace, name, attributes)
    asked = {"from": f"alice@{PARTNER}", "to": HOME, "type": "get", "id": "q1"}
    return build_envelope(Element("jabber:server", "iq", asked, (child,)))


def condition_of(route: Route) -> str:
    assert isinstance(route, Answer)
    assert b"type='error'" in route.envelope.raw
    return route.reason


def test_between_known_domains_stanzas_pass_as_they_are() -> None:
    to_partner = envelope()
    assert route_outbound(to_partner, TABLE, {HOME}) == ToPartner(to_partner)
    to_home = envelope(from_=f"alice@{PARTNER}", to=f"bob@{HOME}")
    assert route_inbound(to_home, TABLE) == ToHome(to_home)


def test_home_domains_reach_each_other_without_a_partner() -> None:
    between = envelope(to="carol@second.example")
    assert route_outbound(between, TABLE, {HOME, "second.example"}) == ToHome(between)


def test_who_is_no_partner_is_named_to_the_home_user() -> None:
    route = route_outbound(envelope(to="x@stranger.example"), TABLE, {HOME})
    assert condition_of(route) == "not-allowed"
    assert isinstance(route, Answer)
    assert b"stranger.example is not a configured partner" in route.envelope.raw
    assert (str(route.envelope.from_), str(route.envelope.to)) == ("x@stranger.example", f"bob@{HOME}")


def test_gated_users_neither_send_nor_receive() -> None:
    assert condition_of(route_outbound(envelope(), TABLE, {HOME}, access=GATED)) == "forbidden"
    inward = envelope(from_=f"alice@{PARTNER}", to=f"bob@{HOME}")
    assert condition_of(route_inbound(inward, TABLE, access=GATED)) == "service-unavailable"
    presence = envelope("presence", from_=f"alice@{PARTNER}", to=f"bob@{HOME}")
    assert isinstance(route_inbound(presence, TABLE, access=GATED), Discard)


def test_the_domain_answers_ping_and_disco_itself() -> None:
    ping = route_inbound(query("urn:xmpp:ping", "ping"), TABLE)
    assert isinstance(ping, Answer)
    assert (ping.envelope.type, ping.envelope.id, ping.envelope.to.domain) == ("result", "q1", PARTNER)
    info = "http://jabber.org/protocol/disco#info"
    disco = route_inbound(query(info, "query"), TABLE)
    assert isinstance(disco, Answer)
    assert b"urn:xmpp:ping" in disco.envelope.raw
    node = route_inbound(query(info, "query", node="x"), TABLE)
    assert isinstance(node, Answer)
    assert b"item-not-found" in node.envelope.raw
    other = query("jabber:iq:version", "query")
    assert route_inbound(other, TABLE) == ToHome(other)


@pytest.mark.parametrize(("kind", "type_"), [("message", "error"), ("iq", "result"), ("iq", "error")])
def test_answers_are_never_answered(kind: str, type_: str) -> None:
    assert refuse(envelope(kind, type_), StanzaCondition.NOT_ALLOWED) == Discard("not-allowed")
