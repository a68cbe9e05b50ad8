from __future__ import annotations

from edgecert.cli.without import way_on_of_saved, way_on_without
from edgecert.model.request import CertificateOptions, CertificateRequest, Topology

REQUEST = CertificateRequest(
    certificate=CertificateOptions(name="edge"),
    topology=Topology(
        access_edge="sip.contoso.com", sip_domains=("contoso.com", "dead.example"), xmpp_domains=("dead.example",)
    ),
)


def last_line(text: str) -> str:
    return text.splitlines()[-1].strip()


def test_the_command_asks_for_everything_but_the_dead_names() -> None:
    said = way_on_without(REQUEST, ["sip.dead.example"], ["apply", "-c", "my edge.toml", "--force"])
    assert "to go on without sip.dead.example" in said
    assert last_line(said) == "edgecert apply -c 'my edge.toml' --force --sip-domains contoso.com"


def test_flags_that_asked_for_them_are_replaced_and_an_empty_list_is_said_by_the_environment() -> None:
    argv = ["issue", "--sip-domains", "contoso.com", "--topology-sip-domains=dead.example", "--json"]
    said = way_on_without(REQUEST, ["sip.dead.example", "dead.example"], argv)
    assert last_line(said) == "'EDGECERT_TOPOLOGY_XMPP_DOMAINS=[]' edgecert issue --json --sip-domains contoso.com"


def test_where_nothing_would_be_left_there_is_no_way_on() -> None:
    only = CertificateRequest(topology=Topology(xmpp_domains=("dead.example",)))
    assert way_on_without(only, ["dead.example"], ["apply"]) == ""
    assert way_on_of_saved("edge", only, ["dead.example"]) == ""


def test_a_renewal_goes_on_by_its_saved_settings() -> None:
    said = way_on_of_saved("edge", REQUEST, ["dead.example"])
    assert last_line(said) == "edgecert settings set edge topology.xmpp_domains= && edgecert renew edge --force"
