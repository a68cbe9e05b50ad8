from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from gateway.errors import PartnerRefusedError
from gateway.policy.commit import compare_tables, prepare_table, verify_homes
from gateway.policy.partner import Partner, PartnerTable
from gateway.policy.partnerfile import load_partner_file

FIXTURES: Final = Path(__file__).parents[4] / "fixtures" / "partners"


def test_tells_everything_that_is_wrong_with_a_table_at_once() -> None:
    with pytest.raises(PartnerRefusedError) as caught:
        prepare_table(load_partner_file(FIXTURES / "clashing.toml"), ["contoso.example"])
    message = caught.value.message
    assert "contoso.example is a home domain" in message
    assert "shared.example belongs to partner fabrikam.example already" in message
    assert "SASL or Dialback must be enabled." in message


@pytest.mark.parametrize(
    ("partner", "code"),
    [
        (Partner(domain="not a domain"), "partner-domain"),
        (Partner(domain="a.example", additional_domains=("contoso.example",)), "home-partner-clash"),
        (Partner(domain="CONTOSO.example"), "home-partner-clash"),
        (Partner(domain="a.example", proxy="two words"), "partner-proxy"),
        (Partner(domain="a.example", proxy="xmpp..example"), "partner-proxy"),
        (Partner(domain="a.example", proxy="-x.example:5269"), "partner-proxy"),
        (Partner(domain="a.example", proxy="[::g]"), "partner-proxy"),
        (Partner(domain="a.example", proxy="xmpp.example:0"), "partner-proxy"),
        (Partner(domain="a.example", proxy="xmpp.example:65536"), "partner-proxy"),
        (Partner(domain="a.example", tls="not-supported", dialback=False), "no-method"),
        (Partner(domain="a.example", sasl="not-supported", dialback=False), "no-method"),
    ],
)
def test_each_rule_has_its_code(partner: Partner, code: str) -> None:
    with pytest.raises(PartnerRefusedError) as caught:
        prepare_table([partner], ["contoso.example"])
    assert caught.value.code == code
    assert caught.value.hint


@pytest.mark.parametrize("proxy", ["", "xmpp", "xmpp.example:5270", "192.0.2.1", "192.0.2.1:65535", "[2001:db8::1]:1"])
def test_a_proxy_is_a_name_or_an_address_perhaps_with_a_port(proxy: str) -> None:
    assert next(iter(prepare_table([Partner(domain="a.example", proxy=proxy)], []))).proxy == proxy


def test_the_same_primary_domain_twice_is_refused() -> None:
    with pytest.raises(PartnerRefusedError) as caught:
        prepare_table([Partner(domain="a.example"), Partner(domain="A.example")], [])
    assert caught.value.code == "partner-domain-taken"


def test_difference_names_what_was_added_changed_and_removed() -> None:
    old = PartnerTable.of([Partner(domain="same.example"), Partner(domain="gone.example"), Partner(domain="x.example")])
    new = PartnerTable.of(
        [Partner(domain="same.example"), Partner(domain="x.example", sasl="required"), Partner(domain="new.example")]
    )
    difference = compare_tables(old, new)
    assert (difference.added, difference.changed, difference.removed) == (
        ("new.example",),
        ("x.example",),
        ("gone.example",),
    )
    assert not difference.empty
    assert compare_tables(old, old).empty
    warnings = difference.to_json()["warnings"]
    assert isinstance(warnings, list)
    assert {"partner": "x.example", "code": "dialback-never-runs"}.items() <= dict(warnings[-1]).items()


def test_a_table_is_tried_against_other_homes_later() -> None:
    table = PartnerTable.of(
        [Partner(domain="a.example", additional_domains=("b.example",)), Partner(domain="c.example")]
    )
    verify_homes(table, ["contoso.example"])
    with pytest.raises(PartnerRefusedError) as caught:
        verify_homes(table, ["contoso.example", "b.example", "c.example"])
    assert caught.value.code == "home-partner-clash"
    assert caught.value.message.splitlines() == [
        "partner a.example: b.example is a home domain of this gateway",
        "partner c.example: c.example is a home domain of this gateway",
    ]
