"""Before an order is spent: whole ``edgecert`` processes, the strict ACME server and a nameserver."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.acmefaults import Fault, Planned
from tests.support.acmehost import AcmeHost, acme_host
from tests.support.dns import DNS_PORT, Zone, serve_dns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CA = "ca.contoso.example"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[AcmeHost]:
    with acme_host(tmp_path) as made:
        made.server.meta["caaIdentities"] = [CA]
        made.write_flags("contoso.com")
        yield made


@pytest.fixture
def zone(host: AcmeHost) -> Iterator[Zone]:
    records = {"sip.contoso.com": {"A": [f"{host.net}2"]}, "contoso.com": {"A": [f"{host.net}2"]}}
    with serve_dns(f"{host.net}53", records) as zone:
        yield zone


def nameserver(host: AcmeHost) -> tuple[str, str]:
    return "--nameserver", f"{host.net}53:{DNS_PORT}"


def test_a_dry_run_looks_at_everything_and_spends_nothing(host: AcmeHost, zone: Zone) -> None:
    done = host.edgecert("issue", "--dry-run", *nameserver(host))
    assert done.code == 0, done.stderr
    assert host.server.requests == [("GET", "/directory")]
    assert not host.state.exists() or not list(host.state.glob("accounts/*"))
    assert {("contoso.com", "CAA"), ("com", "CAA"), ("sip.contoso.com", "A")} <= set(zone.queries)


def test_caa_is_obeyed_before_an_order_and_again_after_it_was_mended(host: AcmeHost, zone: Zone) -> None:
    zone.records["contoso.com"]["CAA"] = ['0 issue "letsencrypt.org"']
    for arguments in (("--dry-run",), ()):
        done = host.edgecert("issue", *arguments, *nameserver(host))
        assert (done.code, done.document["error"]["code"]) == (6, "caa-forbids")
        assert done.document["error"]["hint"] == f'add contoso.com. IN CAA 0 issue "{CA}"'
    assert host.server.count("/newOrder") == 0
    zone.records["contoso.com"]["CAA"].append(f'0 issue "{CA}"')
    assert host.issue(*nameserver(host))["action"] == "issued"


def test_a_record_for_another_account_is_told_with_the_line_for_ours(host: AcmeHost, zone: Zone) -> None:
    host.issue(*nameserver(host))
    (account,) = host.server.accounts
    zone.records["contoso.com"]["CAA"] = [f'0 issue "{CA}; accounturi={host.server.base}/acct/99"']
    done = host.edgecert("renew", "--dry-run", "edge", "--force", *nameserver(host))
    assert done.code == 6
    line = f'add contoso.com. IN CAA 0 issue "{CA}; accounturi={account}"'
    assert done.document["result"]["lineages"][0]["error"]["hint"] == line
    zone.records["contoso.com"]["CAA"] = [f'0 issue "{CA}; accounturi={account}; validationmethods=http-01"']
    assert host.edgecert("issue", "--dry-run", "--force", *nameserver(host)).code == 0


def test_broken_signatures_end_it_and_force_goes_on(host: AcmeHost, zone: Zone) -> None:
    zone.bogus.add("contoso.com")
    done = host.edgecert("issue", "--dry-run", *nameserver(host))
    assert (done.code, done.document["error"]["code"]) == (7, "dnssec-broken")
    done = host.edgecert("issue", "--dry-run", "--force", *nameserver(host))
    assert done.code == 0
    assert "dnssec-broken" in {warning["code"] for warning in done.document["warnings"]}


def test_a_name_that_leads_elsewhere_is_warned_of_and_one_that_leads_nowhere_ends_it(
    host: AcmeHost, zone: Zone
) -> None:
    zone.records["contoso.com"]["A"] = ["192.0.2.80"]
    done = host.edgecert("issue", "--dry-run", *nameserver(host))
    (warning,) = done.document["warnings"]
    assert (done.code, warning["code"], warning["path"]) == (0, "lands-elsewhere", "contoso.com")
    del zone.records["contoso.com"]
    done = host.edgecert("issue", "--dry-run", *nameserver(host))
    assert (done.code, done.document["error"]["code"]) == (7, "name-without-address")


def test_plan_shows_the_same_without_asking_the_ca(host: AcmeHost, zone: Zone) -> None:
    zone.records["contoso.com"]["A"] = ["192.0.2.80"]
    done = host.edgecert("plan", "--dns", *nameserver(host))
    assert done.code == 0
    assert "lands-elsewhere" in {finding["code"] for finding in done.document["result"]["findings"]}
    assert host.server.requests == []


def test_what_the_ca_said_about_coming_back_is_kept(host: AcmeHost, zone: Zone) -> None:
    host.server.faults = Planned(Fault.RATE_LIMITED, path="/newOrder", times=9, retry_after="7200")
    done = host.edgecert("issue", *nameserver(host))
    assert (done.code, done.document["error"]["code"]) == (6, "acme-rate-limited")
    asked = host.server.count("/newOrder")
    done = host.edgecert("issue", *nameserver(host))
    assert (done.code, done.document["error"]["code"]) == (6, "rate-limit")
    assert "try again after" in done.document["error"]["hint"]
    assert host.server.count("/newOrder") == asked
    assert zone.queries
