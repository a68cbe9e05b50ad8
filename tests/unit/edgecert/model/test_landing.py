from __future__ import annotations

from edgecert.model.dnsrecords import Answer, Answers, Question
from edgecert.model.findings import Severity
from edgecert.model.landing import Landing, check_landing

EDGE = Landing("sip.contoso.com", frozenset({"10.0.0.5"}), frozenset({"contoso.com"}))


def answers(**addresses: str | Answer) -> Answers:
    found = {}
    for key, given in addresses.items():
        name = {"edge": "sip.contoso.com", "bare": "contoso.com", "other": "chat.contoso.com"}[key]
        answer = given if isinstance(given, Answer) else Answer(tuple(given.split()))
        found[Question(name, "A")] = answer
        found[Question(name, "AAAA")] = Answer(error=answer.error)
    return found


def test_asks_for_the_names_and_the_edge() -> None:
    assert EDGE.questions(["contoso.com"]) == (
        Question("contoso.com", "A"),
        Question("contoso.com", "AAAA"),
        Question("sip.contoso.com", "A"),
        Question("sip.contoso.com", "AAAA"),
    )
    assert Landing().questions(["contoso.com"]) == (Question("contoso.com", "A"), Question("contoso.com", "AAAA"))


def test_the_address_of_the_edge_or_of_this_host_is_here() -> None:
    known = answers(edge="192.0.2.1", bare="192.0.2.1", other="10.0.0.5")
    assert check_landing(known, ["contoso.com", "chat.contoso.com"], EDGE, "http-01") == ()
    assert check_landing(answers(edge="192.0.2.1", bare="127.0.0.9"), ["contoso.com"], EDGE, "http-01") == ()


def test_a_bare_xmpp_domain_at_a_web_server_is_told_with_what_to_do() -> None:
    known = answers(edge="192.0.2.1", bare="198.51.100.7")
    (finding,) = check_landing(known, ["contoso.com"], EDGE, "http-01")
    assert (finding.code, finding.severity, finding.names) == ("lands-elsewhere", Severity.WARNING, ("contoso.com",))
    assert "198.51.100.7, not to this edge (192.0.2.1)" in finding.message
    for way in (
        "for an XMPP domain this is the rule",
        "dns-01",
        "_acme-challenge.contoso.com by CNAME",
        "redirect http://",
    ):
        assert way in finding.hint


def test_one_address_of_several_that_is_elsewhere_is_enough() -> None:
    known = answers(edge="192.0.2.1", other="192.0.2.1 198.51.100.7")
    (finding,) = check_landing(known, ["chat.contoso.com"], EDGE, "tls-alpn-01")
    assert "redirect" not in finding.hint
    assert "for an XMPP domain" not in finding.hint


def test_no_address_at_all_keeps_the_ca_from_looking() -> None:
    (finding,) = check_landing(answers(edge="192.0.2.1", bare=""), ["contoso.com"], EDGE, "http-01")
    assert (finding.code, finding.severity) == ("name-without-address", Severity.ERROR)
    assert 'names = ["contoso.com"]' in finding.hint


def test_what_is_not_known_is_not_told() -> None:
    # No answer is not the same as no address; and behind NAT without an access edge nobody knows what is ours.
    assert check_landing(answers(edge="192.0.2.1", bare=Answer(error="late")), ["contoso.com"], EDGE, "http-01") == ()
    behind_nat = Landing("", frozenset({"10.0.0.5"}))
    assert check_landing(answers(bare="198.51.100.7"), ["contoso.com"], behind_nat, "http-01") == ()
    public = Landing("", frozenset({"198.41.0.4"}))
    assert len(check_landing(answers(bare="198.41.0.9"), ["contoso.com"], public, "http-01")) == 1


def test_many_names_are_told_together() -> None:
    names = [f"h{number}.contoso.com" for number in range(5)]
    known = {Question(name, type_): Answer() for name in names for type_ in ("A", "AAAA")}
    (finding,) = check_landing(known, names, EDGE, "http-01")
    assert "and 2 more" in finding.message
    assert ", …]" in finding.hint
