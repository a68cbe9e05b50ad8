from __future__ import annotations

import re

import pytest
from publicsuffixlist import PublicSuffixList

from edgecert.model.suffixes import doubt_domain, list_date, registered_domain


@pytest.mark.parametrize(
    ("domain", "code"),
    [
        ("edge", "single-label"),
        ("localhost", "single-label"),
        ("sip.contoso.example", "reserved-name"),
        ("sip.contoso.test", "reserved-name"),
        ("a.invalid", "reserved-name"),
        ("a.localhost", "reserved-name"),
        ("example.com", "reserved-name"),
        ("sip.example.org", "reserved-name"),
        ("printer.local", "reserved-name"),
        ("edge.home.arpa", "reserved-name"),
        ("1.2.0.192.in-addr.arpa", "reserved-name"),
        ("abc.onion", "reserved-name"),
        ("a.alt", "reserved-name"),
        ("edge.internal", "internal-name"),
        ("edge.corp", "internal-name"),
        ("edge.lan", "internal-name"),
        ("edge.contoso-inside", "internal-name"),
        ("co.uk", "public-suffix"),
        ("xn--55qx5d.cn", "public-suffix"),
        ("any.ck", "public-suffix"),  # *.ck
        ("city.kobe.xn--nonexistent", "internal-name"),
    ],
)
def test_doubts_what_nobody_can_own(domain: str, code: str) -> None:
    doubt = doubt_domain(domain)
    assert doubt is not None
    assert doubt.code == code
    assert doubt.reason
    assert doubt.hint


@pytest.mark.parametrize(
    "domain",
    [
        "contoso.com",
        "sip.contoso.co.uk",
        "myexample.com",
        "xn--bcher-kva.de",
        "github.io",
        "www.ck",
        "contoso.xn--p1ai",
    ],
)
def test_does_not_doubt_what_can_be_registered(domain: str) -> None:
    assert doubt_domain(domain) is None


@pytest.mark.parametrize("domain", ["edge.lan", "co.uk"])
def test_the_hint_gives_the_date_of_the_list(domain: str) -> None:
    doubt = doubt_domain(domain)
    assert doubt is not None
    assert f"public suffix list of {list_date()}" in doubt.hint
    assert re.fullmatch(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]", list_date())


@pytest.mark.parametrize(
    ("domain", "registered"),
    [
        ("sip.contoso.com", "contoso.com"),
        ("a.b.contoso.co.uk", "contoso.co.uk"),
        ("sip.contoso.example", "contoso.example"),
        ("co.uk", "co.uk"),
        ("edge", "edge"),
    ],
)
def test_registered_domain(domain: str, registered: str) -> None:
    assert registered_domain(domain) == registered


def test_agrees_with_the_whole_list() -> None:
    whole = PublicSuffixList(only_icann=True)
    for domain in (
        "a.b.ck",
        "b.www.ck",
        "sip.contoso.co.jp",
        "x.city.kobe.jp",
        "y.x.kobe.jp",
        "a.xn--55qx5d.cn",
        "a.b.xyz",
    ):
        assert registered_domain(domain) == (whole.privatesuffix(domain) or domain)
