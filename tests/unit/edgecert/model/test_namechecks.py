from __future__ import annotations

import pytest

from edgecert.model.findings import Finding, Severity
from edgecert.model.namechecks import NameChecks
from edgecert.model.request import Topology
from edgecert.model.topology import Position, wanted_names


def check(topology: Topology, issuer: str = "csr") -> NameChecks:
    return NameChecks(wanted_names("external-edge", topology), issuer)


def findings(topology: Topology, issuer: str = "csr") -> dict[str, Finding]:
    return {finding.code: finding for finding in check(topology, issuer).findings()}


def names_of(code: str, topology: Topology) -> tuple[str, ...]:
    finding = findings(topology).get(code)
    return finding.names if finding else ()


def test_a_well_formed_public_topology_has_nothing_to_say() -> None:
    topology = Topology(
        access_edge="sip.contoso.com",
        web_conferencing="webcon.contoso.com",
        sip_domains=("contoso.com", "fabrikam.com"),
        xmpp_domains=("contoso.com", "fabrikam.com"),
        additional_names=("conference.contoso.com", "conference.fabrikam.com", "198.41.0.4"),
    )
    assert check(topology, "acme").findings() == ()


@pytest.mark.parametrize(
    ("topology", "code", "given"),
    [
        (Topology(access_edge="*.contoso.com"), "wildcard-not-allowed", "*.contoso.com"),
        (Topology(access_edge="192.0.2.1"), "ip-where-name", "192.0.2.1"),
        (Topology(sip_domains=("*.contoso.com",)), "wildcard-not-allowed", "*.contoso.com"),
        (Topology(sip_domains=("",)), "name-empty", ""),
        (Topology(sip_domains=("sip:contoso.com",)), "uri-where-name", "sip:contoso.com"),
        (Topology(sip_domains=(".".join(["a" * 62] * 4),)), "name-too-long", ".".join(["a" * 62] * 4)),
        (Topology(web_conferencing="192.0.2.1"), "ip-where-name", "192.0.2.1"),
        (Topology(xmpp_domains=("192.0.2.1",)), "ip-where-name", "192.0.2.1"),
        (Topology(xmpp_domains=("juliet@contoso.com",)), "address-where-name", "juliet@contoso.com"),
        (Topology(additional_names=("a_b.contoso.com",)), "underscore", "a_b.contoso.com"),
        (Topology(additional_names=("*.*.contoso.com",)), "bad-wildcard", "*.*.contoso.com"),
    ],
)
def test_malformed_names_are_errors_and_no_names(topology: Topology, code: str, given: str) -> None:
    for issuer in ("acme", "csr", "local"):
        checks = check(topology, issuer)
        (finding,) = checks.findings()
        assert (finding.code, finding.severity, finding.names) == (code, Severity.ERROR, (given,))
        assert finding.hint
        assert checks.names == ()


def test_one_malformed_name_in_two_places_is_told_once_with_both() -> None:
    (finding,) = check(Topology(sip_domains=("a..b",), xmpp_domains=("a..b",))).findings()
    assert finding.message.startswith("sip_domains, xmpp_domains: ")


def test_names_no_public_ca_signs_are_grouped_by_reason() -> None:
    topology = Topology(sip_domains=("a.example", "b.example"), additional_names=("edge.lan", "edge", "*.co.uk"))
    by_code = findings(topology)
    assert by_code["reserved-name"].names == ("sip.a.example", "sip.b.example")
    assert by_code["internal-name"].names == ("edge.lan",)
    assert by_code["single-label"].names == ("edge",)
    assert by_code["public-suffix"].names == ("*.co.uk",)


@pytest.mark.parametrize(
    ("issuer", "severity"), [("acme", Severity.ERROR), ("csr", Severity.WARNING), ("local", Severity.INFO)]
)
def test_a_reserved_name_is_as_grave_as_the_issuer_is_public(issuer: str, severity: Severity) -> None:
    assert findings(Topology(access_edge="sip.contoso.example"), issuer)["reserved-name"].severity is severity


@pytest.mark.parametrize("address", ["10.0.0.1", "192.0.2.1", "127.0.0.1", "224.0.0.1", "fe80::1", "fd00::1"])
def test_private_and_reserved_addresses(address: str) -> None:
    assert names_of("private-ip", Topology(additional_names=(address,))) == (address,)


def test_a_wildcard_outside_sip_is_a_warning() -> None:
    topology = Topology(web_conferencing="*.contoso.com", xmpp_domains=("*.fabrikam.com",))
    assert names_of("wildcard-name", topology) == ("*.contoso.com", "*.fabrikam.com")


@pytest.mark.parametrize(
    ("topology", "names"),
    [
        (Topology(sip_domains=("contoso.com", "CONTOSO.com.")), ("sip.contoso.com",)),
        (Topology(xmpp_domains=("contoso.com",), additional_names=("contoso.com",)), ("contoso.com",)),
        (Topology(access_edge="sip.contoso.com", sip_domains=("contoso.com",)), ()),
        (Topology(access_edge="edge.contoso.com", web_conferencing="edge.contoso.com"), ()),
    ],
)
def test_a_repetition_is_told_unless_edges_are_built_that_way(topology: Topology, names: tuple[str, ...]) -> None:
    assert names_of("duplicate-name", topology) == names


def test_a_name_that_a_wildcard_covers_is_told_unless_sip_needs_it() -> None:
    topology = Topology(
        access_edge="edge.contoso.com",
        sip_domains=("contoso.com",),
        additional_names=("*.contoso.com", "im.contoso.com", "a.im.contoso.com", "*.fabrikam.com", "sip.fabrikam.com"),
    )
    assert names_of("covered-name", topology) == ("im.contoso.com",)


def test_the_av_name_is_not_needed() -> None:
    topology = Topology(web_conferencing="av.contoso.com", additional_names=("avedge.contoso.com", "av.com"))
    assert names_of("av-name", topology) == ("av.contoso.com", "avedge.contoso.com")


def test_a_sip_domain_is_given_without_its_prefix() -> None:
    assert names_of("sip-prefix-doubled", Topology(sip_domains=("sip.contoso.com",))) == ("sip.contoso.com",)


def test_an_xmpp_domain_without_sip_is_told_where_the_edge_serves_sip() -> None:
    xmpp = ("contoso.com", "fabrikam.com", "conference.contoso.com", "*.litware.com")
    assert names_of("sip-domain-not-ticked", Topology(sip_domains=("contoso.com",), xmpp_domains=xmpp)) == (
        "fabrikam.com",
    )
    assert names_of("sip-domain-not-ticked", Topology(xmpp_domains=xmpp)) == ()


def test_sip_as_access_edge_is_as_good_as_a_ticked_domain() -> None:
    assert (
        names_of("sip-domain-not-ticked", Topology(access_edge="sip.contoso.com", xmpp_domains=("contoso.com",))) == ()
    )


def test_a_sip_domain_without_xmpp_is_told_where_the_edge_serves_xmpp() -> None:
    sip = ("contoso.com", "fabrikam.com", "corp.contoso.com", "litware.com")
    topology = Topology(sip_domains=sip, xmpp_domains=("contoso.com",), additional_names=("litware.com",))
    assert names_of("xmpp-domain-left-out", topology) == ("fabrikam.com", "corp.contoso.com")
    assert names_of("xmpp-domain-left-out", Topology(sip_domains=sip)) == ()


def test_the_srv_target_in_place_of_the_domain_is_told() -> None:
    topology = Topology(
        xmpp_domains=("xmpp.contoso.com", "fabrikam.com", "xmpp.org"), additional_names=("xmpp.fabrikam.com",)
    )
    assert names_of("xmpp-domain-left-out", topology) == ("contoso.com",)


def test_a_component_host_that_only_one_domain_has_is_told() -> None:
    topology = Topology(
        xmpp_domains=("contoso.com", "fabrikam.com", "litware.com", "upload.contoso.com"),
        additional_names=("conference.contoso.com", "*.litware.com"),
    )
    assert names_of("component-host-not-covered", topology) == ("conference.fabrikam.com", "upload.fabrikam.com")


def test_no_component_host_is_invented() -> None:
    assert names_of("component-host-not-covered", Topology(xmpp_domains=("contoso.com", "fabrikam.com"))) == ()


def test_domains_are_what_was_given_each_once() -> None:
    checks = check(Topology(sip_domains=("Contoso.com", "contoso.com", "a..b", "sip.fabrikam.com")))
    assert checks.domains(Position.SIP_DOMAIN) == ("contoso.com", "sip.fabrikam.com")


def test_messages_show_u_labels_and_names_the_a_labels() -> None:
    finding = findings(Topology(additional_names=("bücher.example",)))["reserved-name"]
    assert finding.names == ("xn--bcher-kva.example",)
    assert "bücher.example" in finding.message
