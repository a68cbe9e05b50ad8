from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from edgecert.issuers.acme.orderfile import OrderState
from edgecert.issuers.acme.problems import AcmeProblemError
from edgecert.model.challenge import Challenge
from edgecert.model.request import ChallengeOptions
from edgecert.shared.errors import ChallengeError, NetworkError, UsageError
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
