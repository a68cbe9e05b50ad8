from __future__ import annotations

import pytest

from edgecert.model.dnsrecords import (
    Answer,
    DnsOptions,
    DnsPlan,
    DnsRecord,
    Question,
    Srv,
    answer_to,
    canonical_data,
    changes_to_publish,
    changes_to_remove,
    parse_srv,
    plan_dns,
    services_of,
)
from edgecert.model.request import CertificateOptions, CertificateRequest, Topology

EDGE = Topology(
    access_edge="sip.contoso.com",
    web_conferencing="webcon.contoso.com",
    sip_domains=("contoso.com", "fabrikam.com"),
    xmpp_domains=("Contoso.com", "fabrikam.com", "tailspin.example", "*.bad.example"),
)
KEY, NEXT = "aa" * 32, "bb" * 32
SRV = DnsRecord("_xmpp-server._tcp.contoso.com", "SRV", "0 5 5269 sip.contoso.com.")


def plan(options: DnsOptions | None = None, topology: Topology = EDGE) -> DnsPlan:
    return plan_dns(CertificateRequest(topology=topology), options or DnsOptions())


def lines(options: DnsOptions | None = None) -> list[str]:
    return list(plan(options).zone_lines)


def test_each_domain_leads_to_the_edge_and_in_its_own_domain_where_it_can() -> None:
    assert [line for line in lines() if " SRV " in line] == [
        "_xmpp-server._tcp.contoso.com. 3600 IN SRV 0 5 5269 sip.contoso.com.",
        "_xmpp-server._tcp.fabrikam.com. 3600 IN SRV 0 5 5269 sip.fabrikam.com.",
        "_xmpp-server._tcp.tailspin.example. 3600 IN SRV 0 5 5269 sip.contoso.com.",
        "_sipfederationtls._tcp.contoso.com. 3600 IN SRV 0 5 5061 sip.contoso.com.",
        "_sipfederationtls._tcp.fabrikam.com. 3600 IN SRV 0 5 5061 sip.fabrikam.com.",
    ]


def test_more_services_only_when_asked_for() -> None:
    more = set(lines(DnsOptions(direct_tls=True, remote_users=True))) - set(lines())
    assert "_xmpps-server._tcp.contoso.com. 3600 IN SRV 0 5 5270 sip.contoso.com." in more
    assert "_sip._tls.fabrikam.com. 3600 IN SRV 0 5 443 sip.fabrikam.com." in more
    assert len(more) == 5


def test_addresses_are_records_when_given_and_comments_when_not() -> None:
    assert "; sip.contoso.com. needs an A or AAAA record (access edge)" in lines()
    given = lines(DnsOptions(addresses=("192.0.2.1", "2001:DB8::0:1")))
    assert "sip.contoso.com. 3600 IN A 192.0.2.1" in given
    assert "sip.fabrikam.com. 3600 IN AAAA 2001:db8::1" in given
    # Web conferencing is another interface more often than not.
    assert [line for line in given if line.startswith(";")] == [
        "; webcon.contoso.com. needs an A or AAAA record (web conferencing)"
    ]


def test_caa_stands_at_the_registered_domains() -> None:
    options = DnsOptions(caa_issuer="letsencrypt.org", account_uri="https://ca.example/acct/1", ttl=300)
    assert [line for line in lines(options) if " CAA " in line] == [
        f'{domain}. 300 IN CAA 0 issue "letsencrypt.org; accounturi=https://ca.example/acct/1"'
        for domain in ("contoso.com", "fabrikam.com", "tailspin.example", "bad.example")
    ]


def test_tlsa_pins_both_keys_at_each_target_and_port() -> None:
    found = [line for line in lines(DnsOptions(tlsa_keys=(KEY, NEXT))) if " TLSA " in line]
    assert f"_5269._tcp.sip.contoso.com. 3600 IN TLSA 3 1 1 {KEY}" in found
    assert f"_5061._tcp.sip.fabrikam.com. 3600 IN TLSA 3 1 1 {NEXT}" in found
    assert len(found) == len(set(found)) == 8


def test_an_internal_edge_needs_its_own_host_only() -> None:
    request = CertificateRequest(
        certificate=CertificateOptions(role="internal-edge"),
        topology=Topology(internal_fqdn="edge.contoso.local", xmpp_domains=("contoso.com",)),
    )
    assert plan_dns(request, DnsOptions(addresses=("10.0.0.1",))).zone_lines == (
        "edge.contoso.local. 3600 IN A 10.0.0.1",
    )


def test_without_an_access_edge_the_domain_itself_is_dialled() -> None:
    found = plan(topology=Topology(xmpp_domains=("contoso.com",)))
    assert found.records == ()
    assert [host.host for host in found.hosts] == ["contoso.com"]


def test_services_are_tried_in_order_and_a_lone_dot_is_none() -> None:
    answers = {Question(SRV.name, "SRV"): Answer(("10 0 1 b.", "5 1 2 a.", "5 9 3 c.", "0 0 0 ."))}
    found = services_of(answers, "_xmpp-server._tcp", "contoso.com")
    assert [srv.target for srv in found] == ["c", "a", "b"]
    assert parse_srv("0 5 5269 A.b.") == Srv(0, 5, 5269, "a.b")
    assert answer_to(answers, "other.example", "A").error == "was not asked"


def test_publishing_adds_what_is_missing_and_nothing_twice() -> None:
    (change,) = changes_to_publish([SRV], {Question(SRV.name, "SRV"): Answer()})
    assert (change.add, change.delete, change.found) == ((SRV.data,), (), ())
    assert change.lines == (f"+ {SRV.line}",)
    assert changes_to_publish([SRV], {Question(SRV.name, "SRV"): Answer((SRV.data,))}) == ()


def test_foreign_records_stay_unless_they_are_to_be_replaced() -> None:
    foreign = "0 5 5269 xmpp.elsewhere.example."
    answers = {Question(SRV.name, "SRV"): Answer((foreign,))}
    (change,) = changes_to_publish([SRV], answers)
    assert (change.add, change.delete, change.foreign) == ((), (), (foreign,))
    assert change.lines[0].startswith("! ")
    (change,) = changes_to_publish([SRV], answers, replace=True)
    assert (change.add, change.delete, change.result) == ((SRV.data,), (foreign,), frozenset({SRV.data}))


@pytest.mark.parametrize(("type_", "ours", "theirs"), [("CAA", '0 issue "a.example"', '0 issue "b.example"')])
def test_caa_and_tlsa_are_added_beside_others(type_: str, ours: str, theirs: str) -> None:
    record, answers = DnsRecord("contoso.com", type_, ours), {Question("contoso.com", type_): Answer((theirs,))}
    (change,) = changes_to_publish([record], answers)
    assert (change.add, change.foreign, change.result) == ((ours,), (), frozenset({ours, theirs}))


def test_removing_takes_ours_alone() -> None:
    foreign = "0 5 5269 xmpp.elsewhere.example."
    (change,) = changes_to_remove([SRV], {Question(SRV.name, "SRV"): Answer((SRV.data, foreign))})
    assert (change.delete, change.result) == ((SRV.data,), frozenset({foreign}))
    assert changes_to_remove([SRV], {Question(SRV.name, "SRV"): Answer((foreign,))}) == ()


@pytest.mark.parametrize(
    ("type_", "text", "canonical"),
    [
        ("SRV", "0 5 5269 SIP.Contoso.com.", "0 5 5269 sip.contoso.com."),
        ("AAAA", "2001:DB8:0::1", "2001:db8::1"),
        ("TLSA", "3 1 1 AABB CCDD", "3 1 1 aabbccdd"),
        ("TXT", '"As Is"', '"As Is"'),
    ],
)
def test_data_is_compared_in_one_spelling(type_: str, text: str, canonical: str) -> None:
    assert canonical_data(type_, text) == canonical
