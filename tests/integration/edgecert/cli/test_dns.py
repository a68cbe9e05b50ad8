"""``dns``: what needs no nameserver that takes updates; the rest is held against Knot in tests/peers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.issuers.acme.accountfiles import AccountFiles
from tests.support.dns import DNS_PORT, Records, serve_dns
from tests.support.net import loopback_net

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.cli import Host, Ran

GOOD: Records = {
    "_xmpp-server._tcp.contoso.example": {"SRV": ["0 5 5269 sip.contoso.example."]},
    "_sipfederationtls._tcp.contoso.example": {"SRV": ["0 5 5061 sip.contoso.example."]},
    "sip.contoso.example": {"A": ["192.0.2.1"]},
}


@pytest.fixture
def net() -> Iterator[str]:
    with loopback_net() as prefix:
        yield prefix


def verify(host: Host, net: str, records: Records, *more: str) -> Ran:
    with serve_dns(f"{net}53", records):
        return host.run("dns", "verify", "-c", str(host.flags_file), "--nameserver", f"{net}53:{DNS_PORT}", *more)


def test_records_that_prove_names_for_good_are_shown_when_account_and_ca_are_known(host: Host) -> None:
    host.flags_file.write_text(
        'version = 1\n[certificate]\nname = "edge"\n'
        '[topology]\naccess_edge = "sip.contoso.com"\nadditional_names = ["*.contoso.com"]\n'
        '[issuer]\nkind = "acme"\ndirectory = "https://ca.example/dir"\naccept_terms = true\n'
        '[[issuer.challenges]]\ntype = "dns-persist-01"\n',
        encoding="utf-8",
    )
    show = ("dns", "show", "-c", str(host.flags_file))
    unknown = host.run(*show)
    assert [warning["code"] for warning in unknown.document["warnings"]] == ["persist-unknown"]
    account = "https://ca.example/account/1"
    files = AccountFiles(host.state_dir / "accounts", "https://ca.example/dir", "default")
    with files.lock():
        files.save(account, ())
    known = host.run(*show, "--caa-issuer", "ca.example")
    texts = {entry["name"]: entry["data"] for entry in known.result["records"] if entry["type"] == "TXT"}
    assert texts == {
        "_validation-persist.sip.contoso.com": f'"ca.example; accounturi={account}"',
        "_validation-persist.contoso.com": f'"ca.example; accounturi={account}; policy=wildcard"',
    }


def test_a_record_that_pins_another_account_than_ours_is_found(host: Host, net: str) -> None:
    directory, ours = "https://ca.example/dir", "https://ca.example/account/1"
    host.flags_file.write_text(
        'version = 1\n[certificate]\nname = "edge"\n[topology]\naccess_edge = "sip.contoso.com"\n'
        f'[issuer]\nkind = "acme"\ndirectory = "{directory}"\naccept_terms = true\n',
        encoding="utf-8",
    )
    files = AccountFiles(host.state_dir / "accounts", directory, "default")
    with files.lock():
        files.save(ours, ())
    codes = {}
    for account in (ours, "https://ca.example/account/2"):
        caa = [f'0 issue "ca.example; accounturi={account}"']
        zone: Records = {"sip.contoso.com": {"A": ["192.0.2.1"]}, "contoso.com": {"CAA": caa}}
        found = verify(host, net, zone, "--caa-issuer", "ca.example").result["findings"]
        codes[account] = [finding["code"] for finding in found]
    assert codes == {ours: [], "https://ca.example/account/2": ["caa-forbids"]}


def test_shows_lines_for_a_zone_file(host: Host) -> None:
    ran = host.run("dns", "show", "-c", str(host.flags_file), "--address", "192.0.2.1", "--ttl", "300", json=False)
    assert ran.code == 0
    assert ran.stdout.splitlines() == [
        "_xmpp-server._tcp.contoso.example. 300 IN SRV 0 5 5269 sip.contoso.example.",
        "_sipfederationtls._tcp.contoso.example. 300 IN SRV 0 5 5061 sip.contoso.example.",
        "sip.contoso.example. 300 IN A 192.0.2.1",
    ]


def test_shows_what_a_stored_certificate_needs(host: Host) -> None:
    host.apply()
    ran = host.run("dns", "show", "edge", "--tlsa")
    kinds = {record["type"] for record in ran.result["records"]}
    assert kinds == {"SRV", "TLSA"}
    assert ran.result["addresses_needed"] == [{"host": "sip.contoso.example", "reason": "access edge"}]


def test_shows_one_domain_only_when_asked(host: Host) -> None:
    host.flags_file.write_text(
        host.flags_file.read_text(encoding="utf-8").replace(
            'xmpp_domains = ["contoso.example"]', 'xmpp_domains = ["contoso.example", "fabrikam.example"]'
        ),
        encoding="utf-8",
    )
    ran = host.run("dns", "show", "-c", str(host.flags_file), "--only", "fabrikam.example")
    assert [record["name"] for record in ran.result["records"]] == ["_xmpp-server._tcp.fabrikam.example"]
    assert ran.result["addresses_needed"] == []


def test_tlsa_needs_a_key(host: Host) -> None:
    assert host.run("dns", "show", "-c", str(host.flags_file), "--tlsa").code == 2


def test_exit_codes_follow_the_severity(host: Host, net: str) -> None:
    assert verify(host, net, GOOD).code == 0
    service = "_xmpp-server._tcp.contoso.example"
    two = {**GOOD, service: {"SRV": [*GOOD[service]["SRV"], "9 5 5269 sip2.contoso.example."]}}
    two["sip2.contoso.example"] = {"A": ["192.0.2.2"]}
    warned = verify(host, net, two)
    assert (warned.code, [finding["code"] for finding in warned.result["findings"]]) == (3, ["srv-also-elsewhere"])
    broken = verify(host, net, {name: entry for name, entry in GOOD.items() if name != service})
    assert (broken.code, broken.result["findings"][0]["code"]) == (4, "srv-missing")
    forbidden = verify(host, net, {**GOOD, "contoso.example": {"CAA": ['0 issue ";"']}}, "--caa-issuer", "ca.example")
    assert (forbidden.code, forbidden.result["findings"][0]["code"]) == (4, "caa-forbids")


def test_publishing_needs_a_server(host: Host) -> None:
    ran = host.run("dns", "publish", "-c", str(host.flags_file))
    assert (ran.code, ran.error_code) == (2, "usage")


@pytest.mark.parametrize("arguments", [("--address", "sip.contoso.example"), ("--ttl", "0"), ("--ttl", "soon")])
def test_refuses_what_no_record_can_hold(host: Host, arguments: tuple[str, str]) -> None:
    assert host.run("dns", "show", "-c", str(host.flags_file), *arguments).code == 2
