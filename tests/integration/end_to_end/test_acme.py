"""Whole ``edgecert`` processes against the strict ACME server over TLS."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.acmeca import AS_ASKED, PROFILES, Misissue
from tests.support.acmefaults import Fault, Planned
from tests.support.acmehost import AcmeHost, acme_host
from tests.support.pebble import is_open
from tests.support.pki import now
from tests.support.processes import run, script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def host(tmp_path: Path) -> Iterator[AcmeHost]:
    with acme_host(tmp_path) as made:
        yield made


def test_issues_over_the_network(host: AcmeHost) -> None:
    host.write_flags("xmpp.contoso.com")
    certificate = host.issue()
    assert certificate["names"] == ["sip.contoso.com", "xmpp.contoso.com"]
    assert certificate["findings"] == []
    assert host.issue()["action"] == "unchanged"
    assert not is_open(f"{host.net}2", 5002)


def test_a_six_day_certificate(host: AcmeHost) -> None:
    host.server.profiles = PROFILES
    host.write_flags(issuer='profile = "shortlived"')
    host.issue()
    assert host.server.objects["order/0"]["profile"] == "shortlived"


@pytest.mark.parametrize("fault", [Fault.DROP_BEFORE, Fault.DROP_AFTER, Fault.WRONG_NONCE])
def test_a_connection_that_is_lost_is_made_anew(host: AcmeHost, fault: Fault) -> None:
    host.server.faults = planned = Planned(fault, path="/newOrder")
    host.issue()
    assert planned.happened == 1


def test_several_accounts_and_directories_in_one_store(host: AcmeHost, tmp_path: Path) -> None:
    host.issue()
    first = host.edgecert("account", "show").document["result"]["url"]
    host.write_flags(issuer='account = "second"')
    second = host.edgecert("account", "show").document["result"]["url"]
    assert first != second
    (tmp_path / "other").mkdir()
    with acme_host(tmp_path / "other") as other:
        other.state_dir = host.state
        other.write_flags()
        assert other.edgecert("account", "show").document["result"]["url"].startswith(other.server.base)
    host.write_flags()
    assert host.edgecert("account", "show").document["result"]["url"] == first
    assert len(list(host.state.glob("accounts/*/key.pem"))) == 3


def test_an_account_is_rolled_over_and_closed_by_commands(host: AcmeHost) -> None:
    host.issue()
    url = host.edgecert("account", "show").document["result"]["url"]
    key = host.server.keys[url]
    done = host.edgecert("account", "roll-over")
    assert (done.code, done.document["result"]) == (0, {"url": url, "status": "valid"})
    assert host.server.keys[url] != key
    assert host.issue("--force")["generation"] == 2
    assert host.edgecert("account", "deactivate", "--yes").document["result"]["status"] == "deactivated"
    assert host.issue("--force")["generation"] == 3
    assert len(host.server.accounts) == 2


@pytest.mark.parametrize(("minutes", "code"), [(7, 0), (90, 1)])
def test_a_clock_that_is_wrong_is_told_and_places_no_order(host: AcmeHost, minutes: int, code: int) -> None:
    host.server.clock = lambda: now() + timedelta(minutes=minutes)
    done = host.edgecert("issue")
    assert done.code == code, done.stdout
    if not code:
        assert "clock-skewed" in [entry["code"] for entry in done.document["warnings"]]
    else:
        assert done.document["error"]["code"] == "clock-wrong"
        assert host.server.count("/newOrder") == 0


def test_a_profile_that_is_not_offered_spends_no_order(host: AcmeHost) -> None:
    host.server.profiles = PROFILES
    host.write_flags(issuer='profile = "gold"')
    done = host.edgecert("issue")
    assert (done.code, done.document["error"]["code"]) == (6, "profile-unknown")
    assert "classic, shortlived, tlsserver" in done.document["error"]["message"]
    assert host.server.count("/newOrder") == 0


def test_what_differs_from_what_was_asked_stays_with_the_generation(host: AcmeHost) -> None:
    host.server.profiles = PROFILES
    host.server.ca.misissue = Misissue(validity=timedelta(days=90), backdate=timedelta(days=3), common_name="")
    host.write_flags(issuer='profile = "shortlived"')
    codes = ["common-name-dropped", "validity-differs", "backdated"]
    done = host.edgecert("issue")
    assert done.code == 0, done.stdout
    assert done.document["result"]["certificates"][0]["findings"] == codes
    assert [entry["code"] for entry in done.document["warnings"]] == codes[1:]
    shown = run((script("edgecert"), "show", "edge", "--state-dir", str(host.state)))
    assert ", ".join(codes) in shown.stdout


@pytest.mark.parametrize(
    ("how", "code"),
    [(Misissue(chain="leaf-only"), "chain-incomplete"), (Misissue(other_key=True), "key-mismatch")],
)
def test_what_cannot_be_served_is_never_stored(host: AcmeHost, how: Misissue, code: str) -> None:
    host.server.ca.misissue = how
    done = host.edgecert("issue")
    assert (done.code, done.document["error"]["code"]) == (1, code)
    assert list(host.state.glob("certificates/edge/0*")) == []
    host.server.ca.misissue = AS_ASKED
    if code == "chain-incomplete":  # the order has its certificate, however it is sent
        return
    assert host.issue()["generation"] == 1
