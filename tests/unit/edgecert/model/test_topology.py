from __future__ import annotations

from edgecert.model.request import Topology
from edgecert.model.topology import Position, wanted_names

CONTOSO = Topology(
    access_edge="sip.contoso.com",
    internal_fqdn="lsedge.contoso.net",
    web_conferencing="webcon.contoso.com",
    sip_domains=("contoso.com", "Bücher.example"),
    xmpp_domains=("contoso.com",),
    additional_names=("im.contoso.com",),
)


def test_external_edge_asks_in_the_order_of_the_plan() -> None:
    assert [(wish.text, wish.reason) for wish in wanted_names("external-edge", CONTOSO)] == [
        ("sip.contoso.com", "access edge"),
        ("webcon.contoso.com", "web conferencing"),
        ("sip.contoso.com", "SIP domain contoso.com"),
        ("sip.Bücher.example", "SIP domain bücher.example"),
        ("contoso.com", "XMPP domain contoso.com"),
        ("im.contoso.com", "additional name"),
    ]


def test_internal_edge_asks_for_its_own_name_and_what_was_added() -> None:
    assert [(wish.text, wish.position) for wish in wanted_names("internal-edge", CONTOSO)] == [
        ("lsedge.contoso.net", Position.INTERNAL_FQDN),
        ("im.contoso.com", Position.ADDITIONAL),
    ]


def test_what_is_not_given_is_not_asked_for() -> None:
    assert wanted_names("external-edge", Topology()) == ()
    assert wanted_names("internal-edge", Topology()) == ()


def test_malformed_names_stay_as_they_were_given() -> None:
    (wish,) = wanted_names("external-edge", Topology(xmpp_domains=("A..b",)))
    assert (wish.text, wish.reason) == ("A..b", "XMPP domain A..b")
