"""Before an order: everything that speaks against it is found, and nothing is asked that need not be."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from edgecert.interfaces import CaFacts
from edgecert.lifecycle.precheck import Intent, Prechecking, obey
from edgecert.model.dnsrecords import Answer, Question
from edgecert.model.findings import Finding, Severity
from edgecert.model.ratelimits import CaEvent
from edgecert.model.request import (
    CertificateOptions,
    CertificateRequest,
    ChallengeOptions,
    IssuerOptions,
    Topology,
)
from edgecert.shared.errors import NetworkError, RefusedError
from edgecert.shared.names import parse_name
from tests.support.clock import FakeClock
from tests.support.world import Watcher

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
PRIVATE = "https://ca.contoso.com/acme/directory"


@dataclass
class FakeCa:
    """A CA of which something is known."""

    known: CaFacts = field(default_factory=CaFacts)
    asked: list[bool] = field(default_factory=list)

    def facts(self, *, ask: bool) -> CaFacts:
        """Give it."""
        self.asked.append(ask)
        return self.known

    def has_order(self, lineage: str, request_id: str) -> bool:
        """No request has an order."""
        assert lineage
        assert request_id
        return False


@dataclass
class FakeDns:
    """A DNS in a dictionary; what is not in it has no records."""

    records: dict[tuple[str, str], Answer] = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)
    missing: bool = False

    def ask(self, questions: Iterable[Question]) -> Mapping[Question, Answer]:
        """Answer."""
        if self.missing:
            raise NetworkError("this host knows no nameserver", code="no-nameserver")
        self.asked += list(questions)
        return {question: self.records.get((question.name, question.type), Answer()) for question in self.asked}


def request(directory: str = LETS_ENCRYPT, *, profile: str = "", challenge: str = "dns-01") -> CertificateRequest:
    dns = ChallengeOptions(type="dns-01", provider="command", command=("true",))
    http = ChallengeOptions(type="http-01", listen="0.0.0.0:80")
    return CertificateRequest(
        certificate=CertificateOptions(name="edge"),
        topology=Topology(access_edge="sip.contoso.com", xmpp_domains=("contoso.com",)),
        issuer=IssuerOptions(
            kind="acme", directory=directory, profile=profile, challenges=(dns if challenge == "dns-01" else http,)
        ),
    )


@dataclass
class Desk:
    """One precheck, ready."""

    ca: FakeCa = field(default_factory=FakeCa)
    dns: FakeDns = field(default_factory=FakeDns)
    clock: FakeClock = field(default_factory=FakeClock)
    look: bool | None = None

    def check(
        self, given: CertificateRequest, *names: str, force: bool = False, going_on: bool = False
    ) -> dict[str, Finding]:
        checking = Prechecking(self.ca, lambda: self.dns, frozenset, self.clock, self.look)
        wanted = tuple(parse_name(name) for name in names or ("sip.contoso.com", "contoso.com"))
        found = checking.findings(Intent(given, wanted, force=force, going_on=going_on))
        return {finding.code: finding for finding in found}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_nothing_speaks_against_what_is_in_order(desk: Desk) -> None:
    assert desk.check(request()) == {}
    assert Question("com", "CAA") in desk.dns.asked
    assert not any(question.type == "A" for question in desk.dns.asked)


def test_a_private_ca_is_believed_without_a_look_at_the_dns(desk: Desk) -> None:
    assert desk.check(request(PRIVATE, challenge="http-01")) == {}
    assert desk.dns.asked == []
    desk.look = True
    assert set(desk.check(request(PRIVATE, challenge="http-01"))) == {"name-without-address"}
    assert not any(question.type == "CAA" for question in desk.dns.asked)


def test_a_ca_that_says_who_it_is_has_its_caa_looked_at(desk: Desk) -> None:
    desk.ca.known = CaFacts(caa_identities=("ca.contoso.com", "other.contoso.com"))
    desk.dns.records["contoso.com", "CAA"] = Answer(('0 issue "other.contoso.com"',))
    assert desk.check(request(PRIVATE)) == {}
    desk.dns.records["contoso.com", "CAA"] = Answer(('0 issue "letsencrypt.org"',))
    assert set(desk.check(request(PRIVATE))) == {"caa-forbids"}


def test_no_dns_is_looked_at_where_nobody_wants_it(desk: Desk) -> None:
    desk.look = False
    assert desk.check(request(challenge="http-01")) == {}
    assert desk.dns.asked == []


def test_the_challenge_of_each_name_meets_its_records(desk: Desk) -> None:
    desk.dns.records["contoso.com", "CAA"] = Answer(('0 issue "letsencrypt.org; validationmethods=http-01"',))
    assert desk.check(request())["caa-forbids"].severity is Severity.ERROR
    desk.dns.records |= {(name, "A"): Answer(("192.0.2.1",)) for name in ("sip.contoso.com", "contoso.com")}
    assert desk.check(request(challenge="http-01")) == {}


def test_an_account_that_others_are_pinned_to_is_not_ours(desk: Desk) -> None:
    desk.dns.records["contoso.com", "CAA"] = Answer(('0 issue "letsencrypt.org; accounturi=https://ca/1"',))
    desk.ca.known = CaFacts(account_url="https://ca/1")
    assert desk.check(request()) == {}
    desk.ca.known = CaFacts(account_url="https://ca/2")
    assert set(desk.check(request())) == {"caa-forbids"}
    desk.ca.known = CaFacts(new_account=True)
    assert "not made yet" in desk.check(request())["caa-forbids"].message


def test_http_01_that_lands_elsewhere_is_warned_of(desk: Desk) -> None:
    desk.dns.records |= {
        ("sip.contoso.com", "A"): Answer(("192.0.2.1",)),
        ("contoso.com", "A"): Answer(("198.51.100.7",)),
    }
    finding = desk.check(request(challenge="http-01"))["lands-elsewhere"]
    assert (finding.severity, finding.names) == (Severity.WARNING, ("contoso.com",))


def test_addresses_are_asked_for_nothing(desk: Desk) -> None:
    assert desk.check(request(challenge="http-01"), "198.41.0.4") == {}
    assert desk.dns.asked == []


def test_broken_signatures_of_addresses_are_an_error_too(desk: Desk) -> None:
    desk.dns.records |= {("contoso.com", type_): Answer(error="broken", bogus=True) for type_ in ("A", "AAAA", "CAA")}
    desk.dns.records |= {("sip.contoso.com", "A"): Answer(error="broken", bogus=True)}
    desk.dns.records |= {("sip.contoso.com", "CAA"): Answer(('0 issue "letsencrypt.org"',))}
    checking = Prechecking(desk.ca, lambda: desk.dns, frozenset, desk.clock)
    names = (parse_name("sip.contoso.com"), parse_name("contoso.com"))
    found = checking.findings(Intent(request(challenge="http-01"), names))
    assert [(finding.code, finding.names) for finding in found] == [
        ("dnssec-broken", ("contoso.com",)),
        ("dnssec-broken", ("sip.contoso.com",)),
    ]


def test_a_dns_that_cannot_be_asked_is_a_warning(desk: Desk) -> None:
    desk.dns.records |= {(name, "CAA"): Answer(error="late") for name in ("sip.contoso.com", "contoso.com", "com")}
    finding = desk.check(request())["dns-unanswered"]
    assert finding.severity is Severity.WARNING
    assert "--no-dns" in finding.hint
    desk.dns.missing = True
    assert "knows no nameserver" in desk.check(request())["dns-unanswered"].message


def test_who_insists_is_told_and_obeyed(desk: Desk) -> None:
    desk.dns.records["contoso.com", "CAA"] = Answer(('0 issue ";"',))
    assert desk.check(request(), force=True)["caa-forbids"].severity is Severity.WARNING


def test_a_profile_that_the_ca_does_not_offer_is_refused_with_the_list(desk: Desk) -> None:
    desk.ca.known = CaFacts(profiles={"classic": "", "tlsserver": ""})
    finding = desk.check(request(profile="tls-server"))["profile-unknown"]
    assert "classic, tlsserver" in finding.message
    assert desk.check(request(profile="classic")) == {}
    desk.ca.known = CaFacts()
    assert desk.check(request(profile="tls-server")) == {}


def test_limits_count_for_a_new_order_only(desk: Desk) -> None:
    names = ("sip.contoso.com", "contoso.com")
    event = CaEvent(desk.clock.now() - timedelta(hours=1), "certificate", names)
    desk.ca.known = CaFacts(events=(event,) * 5)
    assert set(desk.check(request())) == {"rate-limit"}
    assert desk.check(request(), going_on=True) == {}
    checking = Prechecking(desk.ca, lambda: desk.dns, frozenset, desk.clock)
    intent = Intent(request(), tuple(parse_name(name) for name in names))
    assert checking.findings(replace(intent, exempt=True), ask=False) == ()
    assert desk.ca.asked[-1] is False


def a_finding(code: str, severity: Severity, hint: str = "") -> Finding:
    return Finding(code, severity, ("contoso.com",), f"about {code}", hint)


def test_warnings_are_told_and_errors_end_it_with_all_of_them() -> None:
    watcher = Watcher()
    obey([a_finding("lands-elsewhere", Severity.WARNING, "dns-01"), a_finding("x", Severity.INFO)], watcher)
    assert watcher.codes == ["lands-elsewhere"]
    with pytest.raises(RefusedError) as caught:
        obey([a_finding("caa-forbids", Severity.ERROR, "add it"), a_finding("rate-limit", Severity.ERROR)], watcher)
    assert caught.value.code == "caa-forbids"
    assert "caa-forbids: about caa-forbids\nrate-limit: about rate-limit" in caught.value.message
    assert caught.value.hint == "add it"
    with pytest.raises(NetworkError) as network:
        obey([a_finding("dnssec-broken", Severity.ERROR)], watcher)
    assert network.value.message.endswith("not asked: about dnssec-broken")
