from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from edgecert.issuers.acme.orderfile import OrderState
from edgecert.issuers.acme.problems import AcmeProblemError
from edgecert.model.challenge import Challenge
from edgecert.model.request import ChallengeOptions
from edgecert.shared.errors import ChallengeError, NetworkError, RecordsMissingError, UsageError
from tests.support.acmeparts import an_order

if TYPE_CHECKING:
    from tests.support.acmeparts import Parts

HTTP = ChallengeOptions(type="http-01", listen="127.0.0.1:80")
DNS = ChallengeOptions(type="dns-01", provider="command", command=("hook",))


@pytest.mark.parametrize(
    ("options", "name", "code"),
    [
        ((replace(HTTP, names=("contoso.com",)),), "sip.contoso.com", "challenge-missing"),
        ((HTTP,), "*.contoso.com", "challenge-unfit"),
        ((DNS,), "192.0.2.1", "challenge-unfit"),
    ],
)
def test_what_cannot_be_proven_is_told_before_the_ca_is_asked(
    parts: Parts, options: tuple[ChallengeOptions, ...], name: str, code: str
) -> None:
    parts.options = options
    with pytest.raises(UsageError) as caught:
        parts.issuer().issue(an_order(name))
    assert caught.value.code == code
    assert parts.server.requests == []


def test_a_type_that_the_ca_does_not_take_is_told_with_those_it_takes(parts: Parts) -> None:
    parts.issuer().issue(an_order("sip.contoso.com"))
    parts.server.objects["order/0"]["status"] = "pending"
    authorization = parts.server.objects["authz/0-0"]
    authorization["status"] = "pending"
    authorization["challenges"] = [entry for entry in authorization["challenges"] if entry["type"] != "http-01"]
    with pytest.raises(AcmeProblemError, match=r"no http-01 for it; it offers dns-01, tls-alpn-01") as caught:
        parts.issuer().issue(an_order("sip.contoso.com"))
    assert caught.value.code == "challenge-not-offered"


@pytest.mark.parametrize("token", ["../../../../etc/passwd_aaaaaaaaaa", "a b", ""])
def test_a_token_that_is_no_token_becomes_no_path(parts: Parts, token: str) -> None:
    parts.issuer().issue(an_order("sip.contoso.com"))
    parts.solver.ever.clear()
    parts.server.objects["order/0"]["status"] = parts.server.objects["authz/0-0"]["status"] = "pending"
    for challenge in parts.server.objects["authz/0-0"]["challenges"]:
        challenge["token"] = token
    with pytest.raises(NetworkError):
        parts.issuer().issue(an_order("sip.contoso.com"))
    assert parts.solver.ever == []


def test_names_that_were_not_asked_for_are_not_proven(parts: Parts) -> None:
    parts.issuer().issue(an_order("sip.contoso.com"))
    parts.solver.ever.clear()
    parts.server.objects["order/0"]["status"] = parts.server.objects["authz/0-0"]["status"] = "pending"
    parts.server.objects["authz/0-0"]["identifier"]["value"] = "bank.example"
    with pytest.raises(NetworkError, match="not asked for"):
        parts.issuer().issue(an_order("sip.contoso.com"))
    assert parts.solver.ever == []


def test_what_cannot_be_published_is_told_and_cleaned_up(parts: Parts) -> None:
    parts.solver.fault_in_present = ChallengeError("the zone is locked")
    with pytest.raises(ChallengeError, match="the zone is locked"):
        parts.issuer().issue(an_order("sip.contoso.com"))
    assert [entry.name for entry in parts.solver.cleaned] == ["sip.contoso.com"]


def test_a_clean_up_that_fails_is_a_warning_and_tried_again_by_the_next_run(parts: Parts) -> None:
    parts.solver.fault_in_clean_up = ChallengeError("the zone is locked")
    order = an_order("sip.contoso.com")
    assert parts.issuer().issue(order).certificates
    assert parts.watcher.codes == ["challenge-left-behind"]
    parts.solver.fault_in_clean_up = None
    parts.issuer().issue(order)
    assert parts.solver.published == set()


def test_what_no_entry_is_for_any_more_is_told_once(parts: Parts) -> None:
    old = Challenge("dns-01", "sip.contoso.com", "sip.contoso.com", "token", "value")
    parts.order_file.save(OrderState(presented=(old,)))
    parts.issuer().issue(an_order("sip.contoso.com"))
    assert parts.watcher.codes == ["challenge-left-behind"]
    assert parts.order_file.load().presented == ()


MANUAL = ChallengeOptions(type="dns-01", provider="manual", names=("*.contoso.com", "by-hand.contoso.com"))


def test_what_a_person_publishes_is_seen_first_and_nothing_is_published_in_vain(parts: Parts) -> None:
    parts.options = (MANUAL, HTTP)
    parts.solver.fault_in_present = RecordsMissingError("publish it", ["a. 60 IN TXT x"])
    order = an_order("*.contoso.com", "sip.contoso.com")
    with pytest.raises(RecordsMissingError) as caught:
        parts.issuer().issue(order)
    assert caught.value.records == ("a. 60 IN TXT x",)
    assert parts.solver.ever == parts.solver.cleaned == []
    parts.solver.fault_in_present = None
    assert parts.issuer().issue(order).certificates
    assert parts.server.count("/newOrder") == 1
    assert {entry.name for entry in parts.solver.cleaned} == {"*.contoso.com", "sip.contoso.com"}


def test_tls_alpn_shows_the_key_authorization(parts: Parts) -> None:
    parts.options = (ChallengeOptions(type="tls-alpn-01"),)
    assert parts.issuer().issue(an_order("sip.contoso.com")).certificates
    (challenge,) = parts.solver.ever
    assert challenge.type == "tls-alpn-01"
    assert challenge.value.startswith(f"{challenge.token}.")


def test_a_persistent_record_names_ca_and_account_and_a_wildcard_its_policy(parts: Parts) -> None:
    parts.options = (ChallengeOptions(type="dns-persist-01"),)
    parts.server.offered = ("dns-01", "dns-persist-01")
    assert parts.issuer().issue(an_order("contoso.com", "*.contoso.com")).certificates
    values = {entry.name: entry.value for entry in parts.solver.ever}
    account = parts.account().url
    assert values["contoso.com"] == f"authority.example; accounturi={account}"
    assert values["*.contoso.com"] == f"authority.example; accounturi={account}; policy=wildcard"
    (other,) = next(entry.others for entry in parts.solver.ever if entry.name == "contoso.com")
    assert other == f"authority.net; accounturi={account}"
    assert {entry.record_name for entry in parts.solver.ever} == {"_validation-persist.contoso.com"}


@pytest.mark.parametrize(
    "odd", [{"issuer-domain-names": []}, {"issuer-domain-names": ["a b; c"]}, {"accounturi": 'https://x"; y'}]
)
def test_a_persistent_challenge_that_is_none_is_no_record(parts: Parts, odd: dict[str, object]) -> None:
    parts.options = (ChallengeOptions(type="dns-persist-01"),)
    parts.server.offered = ("dns-persist-01",)
    parts.issuer().issue(an_order("contoso.com"))
    parts.solver.ever.clear()
    parts.server.objects["order/0"]["status"] = parts.server.objects["authz/0-0"]["status"] = "pending"
    for challenge in parts.server.objects["authz/0-0"]["challenges"]:
        challenge.update(odd)
    with pytest.raises(NetworkError):
        parts.issuer().issue(an_order("contoso.com"))
    assert parts.solver.ever == []
