from __future__ import annotations

import json
from datetime import timedelta

import pytest

from edgecert.issuers.acme.problems import AcmeProblemError
from edgecert.issuers.acme.transport import Response
from edgecert.model.dnsrecords import Answer, Question
from edgecert.shared.chain import spki_sha256
from edgecert.shared.errors import EdgecertError, NamesRefusedError, NetworkError, RefusedError
from edgecert.shared.names import from_certificate
from tests.support.acmeca import PROFILES
from tests.support.acmefaults import Fault, Planned
from tests.support.acmeparts import Parts, an_order


def test_issues_for_a_domain_a_wildcard_and_an_address(parts: Parts) -> None:
    order = an_order("sip.contoso.com", "*.contoso.com", "bücher.example", "192.0.2.1")
    issued = parts.issuer().issue(order)
    assert set(from_certificate(issued.certificates[0])) == set(order.names)
    assert spki_sha256(issued.certificates[0].public_key()) == spki_sha256(order.csr.public_key())
    assert len(issued.certificates) == 2
    assert not issued.staging_ca
    assert {entry.type for entry in parts.solver.ever} == {"http-01", "dns-01"}
    assert parts.solver.published == set()


def test_two_requests_for_each_name_and_no_pause_when_the_ca_is_quick(parts: Parts) -> None:
    parts.issuer().issue(an_order(*(f"h{number}.contoso.com" for number in range(50))))
    assert len(parts.server.requests) <= 2 * 50 + 10 + 8  # eight threads may each ask for a nonce of their own
    assert parts.pauses == []


@pytest.mark.parametrize(("retry_after", "pauses"), [("4", [4.0, 4.0, 4.0]), ("", [0.01, 0.016, 0.01])])
def test_looks_again_when_the_ca_says_so(parts: Parts, retry_after: str, pauses: list[float]) -> None:
    parts.server.looks, parts.server.retry_after = 2, retry_after
    parts.issuer().issue(an_order("sip.contoso.com"))
    assert parts.pauses[:3] == pytest.approx(pauses)


def test_names_that_fail_are_all_told_with_what_to_do(parts: Parts) -> None:
    parts.server.dead = frozenset({"dead.contoso.com", "gone.contoso.com"})
    with pytest.raises(AcmeProblemError) as caught:
        parts.issuer().issue(an_order("dead.contoso.com", "sip.contoso.com", "gone.contoso.com"))
    assert caught.value.code == "acme-challenge-failed"
    assert "dead.contoso.com: http-01: connection: refused" in caught.value.message
    assert "gone.contoso.com: http-01: connection" in caught.value.message
    assert "sip.contoso.com" not in caught.value.message
    assert isinstance(caught.value, NamesRefusedError)
    assert caught.value.names == ("dead.contoso.com", "gone.contoso.com")
    assert "port open from everywhere" in caught.value.hint
    assert parts.solver.published == set()
    parts.server.dead = frozenset()
    assert parts.issuer().issue(an_order("dead.contoso.com")).certificates


def test_asked_again_it_is_the_same_certificate_of_the_same_order(parts: Parts) -> None:
    order = an_order("sip.contoso.com")
    first, second = parts.issuer().issue(order), parts.issuer().issue(order)
    assert first.certificates[0] == second.certificates[0]
    assert parts.server.count("/newOrder") == 1


def test_what_the_ca_counts_is_kept(parts: Parts) -> None:
    order = an_order("sip.contoso.com", "*.contoso.com")
    parts.issuer().issue(order)
    parts.issuer().issue(order)  # the same order: the CA counts no second one
    kinds = [event.kind for event in parts.ledger.events()]
    assert kinds == ["order", "certificate"]
    assert parts.ledger.events()[0].names == ("sip.contoso.com", "*.contoso.com")


def test_failed_proofs_are_kept_by_identifier(parts: Parts) -> None:
    parts.server.dead = frozenset({"dead.contoso.com"})
    with pytest.raises(AcmeProblemError):
        parts.issuer().issue(an_order("dead.contoso.com", "sip.contoso.com"))
    failures = [event.names for event in parts.ledger.events() if event.kind == "failure"]
    assert failures == [("dead.contoso.com",)]


def test_how_long_the_ca_wants_to_be_left_alone_is_kept(parts: Parts) -> None:
    parts.server.faults = Planned(Fault.RATE_LIMITED, path="/newOrder", times=9, retry_after="7200")
    with pytest.raises(AcmeProblemError):
        parts.issuer().issue(an_order("sip.contoso.com"))
    (told,) = parts.ledger.events()
    assert told.until == told.at + timedelta(hours=2)


class Killed(BaseException):
    """Ends a run at once, as Ctrl-C does."""


@pytest.mark.parametrize("path", ["/authz", "/chall", "/order", "/finalize", "/cert"])
def test_a_run_that_ends_anywhere_is_gone_on_with_and_leaves_nothing(parts: Parts, path: str) -> None:
    order = an_order("sip.contoso.com", "*.contoso.com")

    def fault(_method: str, seen: str) -> Response | None:
        if seen.startswith(path):
            raise Killed
        return None

    parts.server.fault = fault
    with pytest.raises(Killed):
        parts.issuer().issue(order)
    assert parts.solver.published == set()
    parts.server.fault = lambda _method, _path: None
    assert parts.issuer().issue(order).certificates
    assert parts.server.count("/newOrder") == 1
    assert parts.solver.published == set()
    assert parts.order_file.load().presented == ()


def test_what_a_killed_run_left_published_is_taken_away(parts: Parts) -> None:
    order = an_order("sip.contoso.com")
    parts.solver.fault_in_clean_up = Killed()  # SIGKILL: nothing is cleaned up
    with pytest.raises(Killed):
        parts.issuer().issue(order)
    parts.solver.fault_in_clean_up = None
    assert parts.solver.published
    assert parts.issuer().issue(order).certificates
    assert parts.solver.published == set()


@pytest.mark.parametrize("lost", ["invalid", "forgotten", "other-account"])
def test_an_order_that_leads_nowhere_is_replaced(parts: Parts, lost: str) -> None:
    order = an_order("sip.contoso.com")
    parts.issuer().issue(order)
    if lost == "invalid":
        parts.server.objects["order/0"]["status"] = "invalid"
    elif lost == "forgotten":
        body = json.dumps({"type": "urn:ietf:params:acme:error:malformed", "detail": "no such order"}).encode()
        gone = Response(404, {}, body)
        parts.server.fault = lambda _method, path: gone if path == "/order/0" else None
    else:
        parts.account().deactivate()
    assert parts.issuer().issue(order).certificates
    assert parts.server.count("/newOrder") == 2


def test_a_ca_that_forgot_the_account_gets_it_again_with_the_same_key(parts: Parts) -> None:
    parts.issuer().issue(an_order("sip.contoso.com"))
    key = parts.files.key().public_key()
    parts.server.accounts.clear()
    assert parts.issuer().issue(an_order("sip.contoso.com")).certificates
    assert spki_sha256(parts.files.key().public_key()) == spki_sha256(key)
    assert parts.watcher.codes == ["acme-account-registered-again"]


def test_a_finalize_whose_answer_was_lost_is_not_an_error(parts: Parts) -> None:
    lost = [True]

    def fault(method: str, path: str) -> Response | None:
        if not path.startswith("/finalize") or not lost:
            return None
        lost.clear()
        parts.server.fault = lambda _method, _path: None
        parts.server.objects[path.strip("/").replace("finalize", "order")]["looks"] = 0
        again.append((method, path))
        return None

    again: list[tuple[str, str]] = []
    parts.server.fault = fault
    send = parts.server.send

    def lossy(method: str, url: str, headers: dict[str, str], body: bytes = b"") -> Response:
        response = send(method, url, headers, body)
        if again and url.endswith(again[0][1]):
            again.clear()
            raise NetworkError("lost", code="acme-unreachable")
        return response

    parts.server.send = lossy  # type: ignore[method-assign,assignment]  # the answer is lost, not the request
    assert parts.issuer().issue(an_order("sip.contoso.com")).certificates
    assert parts.server.count("/newOrder") == 1


@pytest.mark.parametrize("body", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"{}"])
def test_what_is_no_certificate_is_told(parts: Parts, body: bytes) -> None:
    parts.server.fault = lambda _method, path: Response(200, {}, body) if path.startswith("/cert") else None
    with pytest.raises(EdgecertError):
        parts.issuer().issue(an_order("sip.contoso.com"))


@pytest.mark.parametrize(
    ("offered", "told"),
    [((), "it offers none"), (("classic", "shortlived"), "classic, shortlived")],
)
def test_an_unknown_profile_is_refused_before_the_order(parts: Parts, offered: tuple[str, ...], told: str) -> None:
    parts.server.profiles = {name: PROFILES[name] for name in offered}
    parts.profile = "tlsserver"
    with pytest.raises(RefusedError, match=told) as caught:
        parts.issuer().issue(an_order("sip.contoso.com"))
    assert caught.value.code == "profile-unknown"
    assert parts.server.count("/newOrder") == 0


def test_a_profile_that_is_offered_is_asked_for(parts: Parts) -> None:
    parts.server.profiles, parts.profile = PROFILES, "shortlived"
    leaf = parts.issuer().issue(an_order("sip.contoso.com")).certificates[0]
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(hours=160)
    assert parts.server.objects["order/0"]["profile"] == "shortlived"


def test_a_ca_that_never_decides_is_given_up_and_nothing_stays_published(parts: Parts) -> None:
    parts.server.looks = 10**6
    with pytest.raises(NetworkError) as caught:
        parts.issuer().issue(an_order("sip.contoso.com"))
    assert caught.value.code == "acme-timeout"
    assert sum(parts.pauses) <= parts.seconds
    assert parts.solver.published == set()


def test_a_lost_account_that_caa_pins_is_told_with_the_record_to_publish(parts: Parts) -> None:
    parts.issuer().issue(an_order("sip.contoso.com"))
    old = parts.account().url
    parts.server.accounts.clear()
    record = f'0 issue "ca.example.net; accounturi={old}"'
    parts.dns[Question("contoso.com", "CAA")] = Answer((record,))
    orders = parts.server.count("/newOrder")
    order = an_order("sip.contoso.com")
    with pytest.raises(RefusedError) as caught:
        parts.issuer().issue(order)
    new = parts.account().url
    assert caught.value.code == "caa-pins-lost-account"
    assert f'contoso.com. CAA 0 issue "ca.example.net; accounturi={new}"' in caught.value.hint
    assert parts.server.count("/newOrder") == orders
    parts.dns[Question("contoso.com", "CAA")] = Answer((record.replace(old, new),))
    assert parts.issuer().issue(order).certificates
