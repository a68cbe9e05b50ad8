from __future__ import annotations

from edgecert.model.dropping import drop_names
from edgecert.model.request import Topology

ALL = Topology(
    access_edge="sip.contoso.com",
    web_conferencing="webcon.contoso.com",
    sip_domains=("contoso.com", "fabrikam.com"),
    xmpp_domains=("contoso.com", "bücher.example"),
    additional_names=("Extra.contoso.com", "192.0.2.1", "not a name"),
)


def test_what_asks_for_a_name_goes_and_the_rest_stays() -> None:
    left = drop_names("external-edge", ALL, ["sip.fabrikam.com", "extra.contoso.com"])
    assert left.sip_domains == ("contoso.com",)
    assert left.additional_names == ("192.0.2.1", "not a name")
    assert (left.access_edge, left.xmpp_domains) == (ALL.access_edge, ALL.xmpp_domains)


def test_all_that_ask_for_the_same_name_go() -> None:
    left = drop_names("external-edge", ALL, ["sip.contoso.com", "xn--bcher-kva.example"])
    assert left.access_edge == ""
    assert left.sip_domains == ("fabrikam.com",)
    assert left.xmpp_domains == ("contoso.com",)


def test_the_internal_edge_is_a_name_of_its_own() -> None:
    topology = Topology(internal_fqdn="edge.contoso.local", sip_domains=("contoso.com",))
    left = drop_names("internal-edge", topology, ["edge.contoso.local", "sip.contoso.com"])
    assert (left.internal_fqdn, left.sip_domains) == ("", ("contoso.com",))
