from __future__ import annotations

from edgecert.model.discovery import Discovery, discover, discovery_questions, follow_up_questions
from edgecert.model.dnsrecords import Answer, Question
from edgecert.model.explanations import find
from edgecert.model.request import Topology

ZONES = {
    ("_sipfederationtls._tcp.contoso.com", "SRV"): ("0 5 5061 sip.contoso.com.",),
    ("_xmpp-server._tcp.contoso.com", "SRV"): ("0 5 5269 sip.contoso.com.",),
    ("sip.contoso.com", "A"): ("192.0.2.1",),
    ("webcon.contoso.com", "A"): ("192.0.2.2",),
    ("_5269._tcp.sip.contoso.com", "TLSA"): ("3 1 1 " + "ab" * 32,),
    ("contoso.com", "CAA"): ('0 issue "ca.example"',),
    ("_sipfederationtls._tcp.fabrikam.com", "SRV"): ("0 5 5061 sip.contoso.com.",),
    ("_xmpp-server._tcp.tailspin.com", "SRV"): ("0 5 5269 im.tailspin.com.",),
}


def look(*domains: str, failing: frozenset[tuple[str, str]] = frozenset()) -> Discovery:
    def answer(question: Question) -> Answer:
        key = (question.name, question.type)
        return Answer(error="no answer within 6 s") if key in failing else Answer(ZONES.get(key, ()))

    first = {question: answer(question) for question in discovery_questions(domains)}
    return discover(domains, first | {question: answer(question) for question in follow_up_questions(domains, first)})


def test_proposes_the_edge_that_most_records_lead_to() -> None:
    found = look("tailspin.com", "contoso.com", "fabrikam.com")
    assert found.topology == Topology(
        access_edge="sip.contoso.com",
        web_conferencing="webcon.contoso.com",
        sip_domains=("contoso.com", "fabrikam.com"),
        xmpp_domains=("tailspin.com", "contoso.com"),
    )
    reasons = {(reason.key, reason.value): reason.text for reason in found.reasons}
    assert reasons["access_edge", "sip.contoso.com"] == "SIP records of 2 domains lead there"
    assert reasons["xmpp_domains", "tailspin.com"] == "_xmpp-server._tcp.tailspin.com leads to im.tailspin.com:5269"


def test_tells_what_deserves_attention() -> None:
    found = look("tailspin.com", "contoso.com", "fabrikam.com", "empty.com")
    codes = {(finding.code, finding.names[0]) for finding in found.findings}
    assert codes == {
        ("srv-target-outside-domain", "fabrikam.com"),
        ("srv-target-without-address", "im.tailspin.com"),
        ("other-host", "tailspin.com"),
        ("tlsa-present", "sip.contoso.com"),
        ("caa-present", "contoso.com"),
        ("dns-nothing", "empty.com"),
    }
    assert all(find(finding.code) and finding.hint for finding in found.findings)
    severities = [finding.severity.value for finding in found.findings]
    assert severities == sorted(severities, key=["error", "warning", "info"].index)


def test_a_host_sip_makes_a_sip_domain_without_srv() -> None:
    zones = {("sip.lonely.com", "A"): ("192.0.2.3",)}
    questions = discovery_questions(["lonely.com"])
    answers = {question: Answer(zones.get((question.name, question.type), ())) for question in questions}
    found = discover(["lonely.com"], answers)
    assert (found.topology.access_edge, found.topology.sip_domains) == ("sip.lonely.com", ("lonely.com",))


def test_what_was_not_answered_is_not_taken_for_absent() -> None:
    failing = frozenset({("_xmpp-server._tcp.contoso.com", "SRV"), ("contoso.com", "CAA")})
    found = look("contoso.com", failing=failing)
    assert found.topology.xmpp_domains == ()
    assert [finding.code for finding in found.findings][:2] == ["dns-unanswered", "caa-unanswered"]


def test_nothing_found_is_an_empty_topology() -> None:
    found = look("empty.com")
    assert (found.topology, found.reasons) == (Topology(), ())


def test_all_domains_are_asked_about_in_two_rounds() -> None:
    domains = [f"d{number}.com" for number in range(1000)]
    assert len(discovery_questions(domains)) == 1000 * 8 + 1
