from __future__ import annotations

import pytest

from edgecert.model.challenge import Challenge, choose_challenge
from edgecert.model.request import ChallengeOptions
from edgecert.shared.names import parse_name

OPTIONS = (
    ChallengeOptions(names=("contoso.com", "*.bücher.example"), type="dns-01"),
    ChallengeOptions(names=("sip.contoso.com", "192.0.2.1")),
)


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("contoso.com", 0),
        ("CONTOSO.com.", 0),
        ("*.xn--bcher-kva.example", 0),
        ("bücher.example", None),
        ("sip.contoso.com", 1),
        ("192.0.2.1", 1),
        ("*.contoso.com", None),
    ],
)
def test_the_first_entry_for_a_name_counts(name: str, index: int | None) -> None:
    assert choose_challenge(OPTIONS, parse_name(name)) == index


def test_an_entry_without_names_is_for_all_that_are_left() -> None:
    assert choose_challenge((*OPTIONS, ChallengeOptions()), parse_name("*.contoso.com")) == 2


def test_says_where_the_ca_looks() -> None:
    challenge = Challenge("dns-01", "*.contoso.com", "contoso.com", "token", "value")
    assert challenge.record_name == "_acme-challenge.contoso.com"
    assert challenge.path == "/.well-known/acme-challenge/token"
