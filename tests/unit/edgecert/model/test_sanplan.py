from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgecert.model.findings import Finding, Severity
from edgecert.model.request import (
    CertificateOptions,
    CertificateRequest,
    IssuerKind,
    IssuerOptions,
    Role,
    Subject,
    Topology,
)
from edgecert.model.sanplan import SanPlan, plan_sans, plan_to_json
from edgecert.shared.configfile import bind, load_document

TOPOLOGIES = Path(__file__).parents[4] / "fixtures" / "topologies"

CONTOSO = Topology(
    access_edge="sip.contoso.com",
    web_conferencing="webcon.contoso.com",
    sip_domains=("contoso.com", "fabrikam.com"),
    xmpp_domains=("contoso.com",),
)


def request(
    topology: Topology,
    *,
    kind: IssuerKind = "csr",
    role: Role = "external-edge",
    name: str = "edge",
    xmpp_identifiers: bool = False,
    client_auth: bool = False,
    template: str = "",
    subject: Subject | None = None,
) -> CertificateRequest:
    certificate = CertificateOptions(
        name=name, role=role, xmpp_identifiers=xmpp_identifiers, client_auth=client_auth, template=template
    )
    issuer = IssuerOptions(kind=kind)
    return CertificateRequest(certificate=certificate, subject=subject or Subject(), topology=topology, issuer=issuer)


def load_topology(file: str) -> Topology:
    return bind(CertificateRequest, load_document(TOPOLOGIES / file)).topology


def texts(plan: SanPlan) -> list[list[str]]:
    return [[planned.name.text for planned in certificate.names] for certificate in plan.certificates]


def codes(plan: SanPlan) -> list[str]:
    return [finding.code for finding in plan.findings]


def the(plan: SanPlan, code: str) -> Finding:
    (finding,) = (finding for finding in plan.findings if finding.code == code)
    return finding


def test_the_published_edge_has_its_names_in_order_with_all_reasons() -> None:
    plan = plan_sans(request(load_topology("external-edge.toml")))
    (certificate,) = plan.certificates
    assert (certificate.name, certificate.common_name) == ("edge", "sip.contoso.com")
    assert [(planned.name.text, planned.reasons) for planned in certificate.names] == [
        ("sip.contoso.com", ("access edge", "SIP domain contoso.com")),
        ("webcon.contoso.com", ("web conferencing",)),
        ("sip.fabrikam.com", ("SIP domain fabrikam.com",)),
        ("contoso.com", ("XMPP domain contoso.com",)),
    ]
    assert codes(plan) == ["xmpp-domain-left-out"]
    assert plan.errors == ()


def test_the_internal_edge_is_its_own_name() -> None:
    plan = plan_sans(request(load_topology("internal-edge.toml"), role="internal-edge"))
    assert texts(plan) == [["lsedge.contoso.net"]]
    assert plan.certificates[0].common_name == "lsedge.contoso.net"
    assert plan.findings == ()


def test_the_internal_edge_ignores_external_names_and_says_so() -> None:
    topology = Topology(
        internal_fqdn="lsedge.contoso.net", sip_domains=("contoso.com",), additional_names=("10.0.0.1",)
    )
    plan = plan_sans(request(topology, role="internal-edge"))
    assert texts(plan) == [["lsedge.contoso.net", "10.0.0.1"]]
    assert the(plan, "not-for-internal-edge").names == ("contoso.com",)


def test_the_internal_edge_needs_its_name() -> None:
    plan = plan_sans(request(CONTOSO, role="internal-edge"))
    assert [finding.code for finding in plan.errors] == ["internal-fqdn-missing", "no-names"]
    assert plan.certificates == ()


def test_the_demo_topology_is_for_the_local_ca() -> None:
    topology = load_topology("contoso.toml")
    local, public = plan_sans(request(topology, kind="local")), plan_sans(request(topology, kind="acme"))
    assert "sip.contoso.example" in texts(local)[0]
    assert "contoso.example" in texts(local)[0]
    assert {finding.severity for finding in local.findings} == {Severity.INFO}
    assert [finding.code for finding in public.errors] == ["reserved-name"]


def test_malformed_names_are_visible_and_never_in_a_certificate() -> None:
    plan = plan_sans(request(load_topology("malformed.toml")))
    assert texts(plan) == [["sip.contoso.com"]]
    assert {finding.code for finding in plan.errors} == {
        "wildcard-not-allowed",
        "uri-where-name",
        "ip-where-name",
        "address-where-name",
        "empty-label",
        "bad-a-label",
        "name-empty",
        "name-malformed",
        "underscore",
        "bad-wildcard",
        "label-too-long",
        "bad-u-label",
    }


def test_an_empty_topology_is_an_error() -> None:
    plan = plan_sans(request(Topology()))
    assert [finding.code for finding in plan.errors] == ["no-names"]
    assert plan.certificates == ()


def test_findings_are_ordered_by_severity() -> None:
    topology = Topology(sip_domains=("contoso.example", "contoso.example", "a..b"))
    plan = plan_sans(request(topology, kind="local"))
    assert [finding.severity for finding in plan.findings] == [Severity.ERROR, Severity.WARNING, Severity.INFO]


def test_xmpp_identifiers_stand_beside_each_xmpp_domain() -> None:
    topology = Topology(xmpp_domains=("contoso.com", "*.fabrikam.com"))
    plan = plan_sans(request(topology, xmpp_identifiers=True))
    assert [(planned.name.kind, planned.name.text) for planned in plan.certificates[0].names] == [
        ("dns", "contoso.com"),
        ("srv", "_xmpp-server.contoso.com"),
        ("xmpp", "contoso.com"),
        ("dns", "*.fabrikam.com"),
    ]
    assert {planned.reasons for planned in plan.certificates[0].names[:3]} == {("XMPP domain contoso.com",)}


def test_a_public_ca_is_sent_dns_names_and_addresses_only() -> None:
    topology = Topology(xmpp_domains=("contoso.com",), additional_names=("198.41.0.4",))
    plan = plan_sans(request(topology, kind="acme", xmpp_identifiers=True))
    assert [planned.name.kind for planned in plan.certificates[0].names] == ["dns", "ip"]
    assert the(plan, "not-sent-to-this-ca").names == ("_xmpp-server.contoso.com", "contoso.com")
    assert plan.errors == ()


def test_a_public_ca_is_sent_neither_subject_nor_options_and_that_is_said() -> None:
    subject = Subject(organization="Contoso")
    asked = request(CONTOSO, kind="acme", client_auth=True, template="WebServer", subject=subject)
    plan = plan_sans(asked)
    assert codes(plan).count("option-not-sent") == 2
    assert the(plan, "subject-not-sent").severity is Severity.INFO


def test_a_private_ca_is_sent_everything() -> None:
    subject = Subject(organization="Contoso")
    asked = request(CONTOSO, client_auth=True, template="WebServer", xmpp_identifiers=True, subject=subject)
    assert codes(plan_sans(asked)) == ["xmpp-domain-left-out"]


@pytest.mark.parametrize(
    ("topology", "common_name"),
    [
        (Topology(additional_names=("198.41.0.4", "im.contoso.com")), "im.contoso.com"),
        (Topology(additional_names=("198.41.0.4",)), None),
        (Topology(additional_names=("*.contoso.com", "im.contoso.com")), None),
        (Topology(additional_names=(f"{'a' * 52}.contoso.com",)), f"{'a' * 52}.contoso.com"),
        (Topology(additional_names=(f"{'a' * 53}.contoso.com", "im.contoso.com")), None),
    ],
)
def test_the_common_name_is_the_first_dns_name_if_it_can_be_one(topology: Topology, common_name: str | None) -> None:
    plan = plan_sans(request(topology))
    assert plan.certificates[0].common_name == common_name


def test_a_common_name_that_is_too_long_is_told() -> None:
    name = f"{'a' * 53}.contoso.com"
    assert the(plan_sans(request(Topology(additional_names=(name,)))), "cn-too-long").names == (name,)
    assert "cn-too-long" not in codes(plan_sans(request(Topology(additional_names=(name[1:],)))))


def test_names_are_compared_normalised_and_their_reasons_collected_once() -> None:
    topology = Topology(
        access_edge="SIP.Contoso.com.",
        sip_domains=("contoso.com", "CONTOSO.COM"),
        additional_names=("sip.contoso.com",),
    )
    (certificate,) = plan_sans(request(topology)).certificates
    (planned,) = certificate.names
    assert planned.name.text == "sip.contoso.com"
    assert planned.reasons == ("access edge", "SIP domain contoso.com", "additional name")


def test_two_thousand_names_of_a_thousand_domains() -> None:
    domains = tuple(f"contoso{number}.com" for number in range(1000))
    topology = Topology(access_edge="sip.contoso700.com", sip_domains=domains, xmpp_domains=domains)
    plan = plan_sans(request(topology))
    assert [certificate.name for certificate in plan.certificates] == ["edge", *(f"edge-{n}" for n in range(2, 21))]
    assert {len(certificate.names) for certificate in plan.certificates} == {100}
    assert codes(plan) == ["split", "split-needs-sni"]
    assert plan.certificates[0].common_name == "sip.contoso700.com"
    assert plan_sans(request(topology), assignment=plan.assignment) == plan


def test_a_hundred_names_are_one_certificate_and_one_more_are_two() -> None:
    names = tuple(f"host{number}.contoso.com" for number in range(101))
    assert [len(part) for part in texts(plan_sans(request(Topology(additional_names=names[:100]))))] == [100]
    assert [len(part) for part in texts(plan_sans(request(Topology(additional_names=names))))] == [100, 1]


def test_what_was_split_stays_split_until_repack_is_asked() -> None:
    topology = Topology(xmpp_domains=("contoso.com", "fabrikam.com", "litware.com"))
    narrow = plan_sans(request(topology), name_limit=2)
    assert len(narrow.certificates) == 2
    wide = plan_sans(request(topology), assignment=narrow.assignment)
    assert wide.assignment == narrow.assignment
    assert the(wide, "split").hint == "--repack would need 1."
    packed = plan_sans(request(topology), assignment=narrow.assignment, repack=True)
    assert [certificate.name for certificate in packed.certificates] == ["edge"]
    assert the(packed, "name-moved").names == ("litware.com",)


def test_a_domain_that_grew_in_a_full_certificate_is_told() -> None:
    before = plan_sans(request(Topology(xmpp_domains=("contoso.com", "fabrikam.com"))), name_limit=2)
    topology = Topology(sip_domains=("contoso.com",), xmpp_domains=("contoso.com", "fabrikam.com"))
    after = plan_sans(request(topology), assignment=before.assignment, name_limit=2)
    assert the(after, "domain-apart").names == ("contoso.com",)


def test_identifiers_of_a_domain_are_kept_with_it_and_apart_in_the_assignment() -> None:
    topology = Topology(xmpp_domains=("contoso.com", "fabrikam.com"))
    plan = plan_sans(request(topology, xmpp_identifiers=True), name_limit=3)
    assert texts(plan) == [
        ["contoso.com", "_xmpp-server.contoso.com", "contoso.com"],
        ["fabrikam.com", "_xmpp-server.fabrikam.com", "fabrikam.com"],
    ]
    assert len(plan.assignment) == 6


def test_a_part_of_a_lineage_with_the_longest_name_still_has_a_lineage_name() -> None:
    plan = plan_sans(request(Topology(xmpp_domains=("contoso.com", "fabrikam.com")), name="e" * 64), name_limit=1)
    assert [certificate.name for certificate in plan.certificates] == ["e" * 64, "e" * 62 + "-2"]


def test_a_limit_of_none_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        plan_sans(request(CONTOSO), name_limit=0)


def test_the_json_shape() -> None:
    topology = Topology(xmpp_domains=("contoso.com",), additional_names=("a..b",))
    document = plan_to_json(plan_sans(request(topology, xmpp_identifiers=True)))
    assert json.loads(json.dumps(document)) == {
        "certificates": [
            {
                "name": "edge",
                "common_name": "contoso.com",
                "names": [
                    {"name": "contoso.com", "kind": "dns", "reasons": ["XMPP domain contoso.com"]},
                    {"name": "_xmpp-server.contoso.com", "kind": "srv", "reasons": ["XMPP domain contoso.com"]},
                    {"name": "contoso.com", "kind": "xmpp", "reasons": ["XMPP domain contoso.com"]},
                ],
            }
        ],
        "findings": [
            {
                "code": "empty-label",
                "severity": "error",
                "names": ["a..b"],
                "message": "additional_names: 'a..b' has an empty label",
                "hint": "Look for two dots side by side or a dot in front.",
            }
        ],
    }
