from __future__ import annotations

import pytest

from edgecert.model.caa import CaaPolicy
from edgecert.model.dnsrecords import Answer, Answers, DnsOptions, Question, plan_dns
from edgecert.model.dnsverify import (
    DnsContext,
    first_questions,
    is_sip,
    next_questions,
    protocol_of,
    service_names,
    split_service,
    verify_dns,
)
from edgecert.model.explanations import find
from edgecert.model.findings import Severity
from edgecert.model.request import CertificateRequest, Topology

EDGE = "sip.contoso.com"
XMPP = "_xmpp-server._tcp.contoso.com"
KEY = "ab" * 32
REQUEST = CertificateRequest(topology=Topology(access_edge=EDGE, xmpp_domains=("contoso.com",)))
GOOD = {(XMPP, "SRV"): Answer((f"0 5 5269 {EDGE}.",)), (EDGE, "A"): Answer(("192.0.2.1",))}
SERVFAIL = Answer(error="the nameservers answered SERVFAIL")


def answers(changes: dict[tuple[str, str], Answer], options: DnsOptions) -> Answers:
    """The good answers but for ``changes``; to everything else that is asked the DNS says that there is nothing."""
    plan = plan_dns(REQUEST, options)
    known = {Question(*key): answer for key, answer in {**GOOD, **changes}.items()}
    first = {question: known.get(question, Answer()) for question in first_questions(plan)}
    return first | {question: known.get(question, Answer()) for question in next_questions(service_names(plan), first)}


def codes(
    changes: dict[tuple[str, str], Answer], options: DnsOptions | None = None, context: DnsContext | None = None
) -> list[str]:
    options = options or DnsOptions()
    findings = verify_dns(plan_dns(REQUEST, options), answers(changes, options), context or DnsContext("edge"))
    assert all(find(finding.code) and finding.hint for finding in findings)
    return [finding.code for finding in findings]


def test_a_good_zone_has_nothing_to_tell() -> None:
    assert codes({}) == []


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({(XMPP, "SRV"): Answer()}, ["srv-missing"]),
        ({(XMPP, "SRV"): Answer(("0 0 0 .",))}, ["srv-missing"]),
        ({(XMPP, "SRV"): SERVFAIL}, ["dns-unanswered"]),
        ({(XMPP, "SRV"): Answer(error="broken", bogus=True)}, ["dnssec-broken"]),
        ({(XMPP, "SRV"): Answer(("0 5 5269 web.contoso.com.",))}, ["srv-elsewhere"]),
        ({(XMPP, "SRV"): Answer((f"0 5 5270 {EDGE}.",))}, ["srv-elsewhere"]),
        ({(EDGE, "A"): Answer()}, ["address-missing", "srv-target-without-address"]),
        ({(EDGE, "A"): Answer(), (EDGE, "AAAA"): Answer(("2001:db8::1",))}, []),
        (
            {(XMPP, "SRV"): Answer((f"0 5 5269 {EDGE}.", "9 5 5269 im.other.example."))},
            ["srv-target-outside-domain", "srv-also-elsewhere", "srv-target-without-address"],
        ),
    ],
)
def test_tells_what_is_wrong(changes: dict[tuple[str, str], Answer], found: list[str]) -> None:
    assert codes(changes) == found


def test_another_address_counts_only_when_one_was_given() -> None:
    assert codes({}, DnsOptions(addresses=("192.0.2.9",))) == ["address-elsewhere"]


def test_the_first_wrong_thing_is_first() -> None:
    policy = DnsContext("edge", CaaPolicy("ca.example"))
    changes = {
        (XMPP, "SRV"): Answer(),
        (EDGE, "A"): Answer(),
        ("contoso.com", "CAA"): Answer(('0 issue "other.example"',)),
    }
    assert codes(changes, context=policy) == ["srv-missing", "address-missing", "caa-forbids", "caa-forbids"]


def test_caa_without_an_answer_and_unreadable() -> None:
    policy = DnsContext("edge", CaaPolicy("ca.example"))
    assert set(codes({("com", "CAA"): SERVFAIL}, context=policy)) == {"caa-unanswered"}
    assert set(codes({("com", "CAA"): Answer(("junk",))}, context=policy)) == {"caa-forbids"}
    assert codes({("contoso.com", "CAA"): Answer(('0 issue "ca.example"',))}, context=policy) == []


def test_a_pinned_key_has_to_be_ours() -> None:
    place = (f"_5269._tcp.{EDGE}", "TLSA")
    ours, theirs = Answer((f"3 1 1 {KEY}",)), Answer(("3 1 1 " + "cd" * 32,))
    keys = DnsContext("edge", keys=(KEY,))
    assert codes({place: theirs}, context=keys) == ["tlsa-mismatch"]
    assert codes({place: ours}, context=keys) == []
    assert codes({place: Answer((*ours.records, *theirs.records))}, context=keys) == []
    # What a certificate or a CA is pinned by cannot be told from the key.
    assert codes({place: Answer(("2 0 1 " + "cd" * 32,))}, context=keys) == []
    assert codes({place: Answer()}, DnsOptions(tlsa_keys=(KEY,)), keys) == ["tlsa-missing"]


def test_severities_decide_the_exit_code() -> None:
    findings = verify_dns(
        plan_dns(REQUEST, DnsOptions()), answers({(XMPP, "SRV"): Answer()}, DnsOptions()), DnsContext("edge")
    )
    assert [finding.severity for finding in findings] == [Severity.ERROR]
    assert findings[0].hint.startswith("edgecert dns publish edge, or add _xmpp-server._tcp.contoso.com. 3600 IN SRV")


def test_services_have_domains_and_protocols() -> None:
    assert split_service(XMPP) == ("_xmpp-server._tcp", "contoso.com")
    assert [protocol_of(each) for each in ("_xmpp-server._tcp", "_xmpps-server._tcp", "_sips._tcp")] == [
        "xmpp-s2s",
        "xmpps-s2s",
        "tls",
    ]
    assert is_sip("_sipfederationtls._tcp")
    assert not is_sip("_xmpp-server._tcp")
