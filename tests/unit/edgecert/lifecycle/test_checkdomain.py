from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from edgecert.interfaces import Served
from edgecert.lifecycle.check import CheckVerdict
from edgecert.lifecycle.checkdomain import (
    Endpoint,
    domain_questions,
    endpoints_of,
    findings_to_results,
    judge_served,
    look_at_dns,
)
from edgecert.model.dnsrecords import Answer, Answers, Question
from edgecert.model.findings import Finding, Severity
from edgecert.shared.errors import NetworkError
from tests.support.pki import Issued, Pki, now

if TYPE_CHECKING:
    from collections.abc import Sequence

DOMAIN = "contoso.example"
XMPP = Endpoint(DOMAIN, "192.0.2.1:5269", "xmpp-s2s", "sip.contoso.example")
SIP = Endpoint(DOMAIN, "192.0.2.1:5061", "tls", "sip.contoso.example", sip=True)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.create(tmp_path_factory.mktemp("pki"))


def served(material: Issued, *, intermediates: bool = True) -> Served:
    certificates = material.certificates if intermediates else material.certificates[:1]
    return Served(tuple(each.public_bytes(Encoding.DER) for each in certificates), "", "", "TLSv1.3")


def version_4(pki: Pki) -> bytes:
    """Give a certificate of a version that there is not; OpenSSL presents it."""
    der = pki.issue([DOMAIN]).cert.public_bytes(Encoding.DER)
    return der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020103"), 1)


def judge(pki: Pki, endpoint: Endpoint, what: Served | NetworkError) -> list[tuple[str, str]]:
    results = judge_served(endpoint, what, now=now(), roots=[pki.root.cert])
    assert all(result.subject == DOMAIN and endpoint.address in result.message for result in results)
    assert all(result.hint for result in results if result.verdict is not CheckVerdict.OK)
    return [(result.check, result.verdict.name) for result in results]


def zone(records: dict[tuple[str, str], Sequence[str]]) -> Answers:
    asked = {question: Answer() for question in domain_questions(DOMAIN)}
    return asked | {Question(*key): Answer(tuple(data)) for key, data in records.items()}


def test_what_is_good_is_one_result_and_what_partners_may_refuse(pki: Pki) -> None:
    material = pki.issue([DOMAIN])
    assert judge(pki, XMPP, served(material)) == [("served", "OK"), ("partners", "OK")]
    assert judge(pki, XMPP, served(pki.issue([DOMAIN], eku=("server", "client")))) == [("served", "OK")]


def test_the_first_fatal_thing_ends_it(pki: Pki) -> None:
    late = pki.issue([DOMAIN], not_before=now() - timedelta(days=89), not_after=now() + timedelta(days=1))
    cases: list[tuple[Served | NetworkError, list[tuple[str, str]]]] = [
        (NetworkError("refused", code="unreachable"), [("reachability", "CRITICAL")]),
        (served(pki.expired([DOMAIN])), [("chain", "CRITICAL")]),
        (Served((b"junk",), "", "", "TLSv1.3"), [("chain", "CRITICAL")]),
        (Served((version_4(pki),), "", "", "TLSv1.3"), [("chain", "CRITICAL")]),
        (served(pki.issue(["fabrikam.example"])), [("names", "CRITICAL")]),
        (
            served(pki.issue([DOMAIN]), intermediates=False),
            [("trust", "WARNING"), ("served", "OK"), ("partners", "OK")],
        ),
        (served(late), [("days", "CRITICAL")]),
    ]
    for what, found in cases:
        assert judge(pki, XMPP, what) == found


def test_a_sip_listener_may_have_the_name_of_its_host(pki: Pki) -> None:
    assert judge(pki, SIP, served(pki.issue(["sip.contoso.example"]))) == [("served", "OK")]
    assert judge(pki, SIP, served(pki.issue(["web.contoso.example"]))) == [("names", "CRITICAL")]
    assert judge(pki, XMPP, served(pki.issue(["sip.contoso.example"]))) == [("names", "CRITICAL")]


def test_without_roots_trust_is_not_looked_at(pki: Pki) -> None:
    (first, *_) = judge_served(XMPP, served(pki.issue([DOMAIN])), now=now(), roots=[])
    assert first.check == "served"


def test_the_dns_leads_to_every_address() -> None:
    answers = zone(
        {
            (f"_xmpp-server._tcp.{DOMAIN}", "SRV"): ("0 5 5269 a.example.",),
            (f"_sipfederationtls._tcp.{DOMAIN}", "SRV"): ("0 5 5061 a.example.",),
            ("a.example", "A"): ("192.0.2.1",),
            ("a.example", "AAAA"): ("2001:db8::1",),
        }
    )
    assert look_at_dns(DOMAIN, answers) == ()
    assert [(each.address, each.protocol, each.sip) for each in endpoints_of(DOMAIN, answers)] == [
        ("[2001:db8::1]:5269", "xmpp-s2s", False),
        ("192.0.2.1:5269", "xmpp-s2s", False),
        ("[2001:db8::1]:5061", "tls", True),
        ("192.0.2.1:5061", "tls", True),
    ]


def test_without_srv_the_domain_itself_is_dialled() -> None:
    answers = zone({(DOMAIN, "A"): ("192.0.2.9",)})
    assert [each.address for each in endpoints_of(DOMAIN, answers)] == ["192.0.2.9:5269"]
    assert [result.verdict for result in look_at_dns(DOMAIN, answers)] == [CheckVerdict.WARNING]


def test_a_dns_that_leads_nowhere_is_critical() -> None:
    (nothing,) = look_at_dns(DOMAIN, zone({}))
    assert (nothing.verdict, nothing.check) == (CheckVerdict.CRITICAL, "dns")
    (homeless,) = look_at_dns(DOMAIN, zone({(f"_xmpp-server._tcp.{DOMAIN}", "SRV"): ("0 5 5269 gone.example.",)}))
    assert "gone.example, which has no address" in homeless.message
    failed = {**zone({}), Question(f"_sips._tcp.{DOMAIN}", "SRV"): Answer(error="SERVFAIL")}
    assert [result.verdict for result in look_at_dns(DOMAIN, failed)] == [CheckVerdict.CRITICAL]


def test_findings_become_results() -> None:
    findings = (Finding("srv-missing", Severity.ERROR, (DOMAIN,), "m", "h"), Finding("x", Severity.INFO, (), "m"))
    first, second = findings_to_results(findings, "edge")
    assert (first.subject, first.verdict, first.hint) == (DOMAIN, CheckVerdict.CRITICAL, "h")
    assert (second.subject, second.verdict) == ("edge", CheckVerdict.OK)
