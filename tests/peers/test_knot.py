"""``edgecert dns`` against Knot: TSIG, prerequisites, and what a secondary shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.dns.lookup import Lookup
from edgecert.dns.tsig import TsigKey, load_tsig_key
from edgecert.dns.update import ZoneUpdater
from edgecert.model.dnsrecords import Answer, DnsRecord, Question, RrsetChange, changes_to_publish
from edgecert.shared.clock import SystemClock
from edgecert.shared.errors import NetworkError
from edgecert.shared.secret import Secret
from tests.support.cli import Host, Ran
from tests.support.knot import Knot, knot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.peer("knot")

XMPP = "_xmpp-server._tcp.contoso.example"
OURS = "0 5 5269 sip.contoso.example."
THEIRS = "0 5 5269 xmpp.elsewhere.example."


@pytest.fixture
def nameservers(tmp_path: Path) -> Iterator[Knot]:
    with knot(tmp_path / "knot") as running:
        yield running


@pytest.fixture
def host(tmp_path: Path) -> Host:
    (tmp_path / "host").mkdir()
    return Host(tmp_path / "host")


def updater(nameservers: Knot, key: TsigKey | None = None) -> ZoneUpdater:
    key = key or load_tsig_key(nameservers.key_file)
    return ZoneUpdater(nameservers.primary, key, Lookup([nameservers.primary]), SystemClock())


def put(nameservers: Knot, *data: str) -> None:
    """Let somebody else write at the XMPP service."""
    other = updater(nameservers)
    found = other.read([Question(XMPP, "SRV")])[Question(XMPP, "SRV")]
    change = RrsetChange(XMPP, "SRV", 60, found, add=data, delete=found)
    other.apply([change])
    assert other.wait_until_seen([change]) == ()


def dns(host: Host, nameservers: Knot, action: str, *more: str) -> Ran:
    update = ("--server", nameservers.primary, "--tsig-key", str(nameservers.key_file), "--yes")
    arguments = ("-c", str(host.flags_file), "--nameserver", nameservers.primary, "--address", "192.0.2.1", *more)
    return host.run("dns", action, *arguments, *(update if action in {"publish", "remove"} else ()))


def test_publishes_verifies_and_removes(host: Host, nameservers: Knot) -> None:
    missing = dns(host, nameservers, "verify")
    assert missing.code == 4
    assert missing.result["findings"][0]["code"] == "srv-missing"
    dry = dns(host, nameservers, "publish", "--dry-run")
    assert (dry.code, dry.result["changed"]) == (0, False)
    assert nameservers.held(nameservers.primary, XMPP, "SRV") == ()
    published = dns(host, nameservers, "publish", "--caa-issuer", "ca.example")
    assert (published.code, published.result["changed"], published.result["not_seen"]) == (0, True, [])
    for server in (nameservers.primary, nameservers.secondary):
        assert nameservers.held(server, XMPP, "SRV") == (OURS,)
        assert nameservers.held(server, "sip.contoso.example", "A") == ("192.0.2.1",)
        assert nameservers.held(server, "contoso.example", "CAA") == ('0 issue "ca.example"',)
    assert dns(host, nameservers, "verify", "--caa-issuer", "ca.example").code == 0
    shut_out = dns(host, nameservers, "verify", "--caa-issuer", "other.example")
    assert (shut_out.code, shut_out.result["findings"][0]["code"]) == (4, "caa-forbids")
    assert dns(host, nameservers, "publish").result["changes"] == []
    assert dns(host, nameservers, "remove", "--caa-issuer", "ca.example").result["changed"]
    assert nameservers.held(nameservers.secondary, XMPP, "SRV") == ()
    assert nameservers.held(nameservers.secondary, "contoso.example", "NS") != ()


def test_nothing_foreign_is_overwritten(host: Host, nameservers: Knot) -> None:
    put(nameservers, THEIRS)
    refused = dns(host, nameservers, "publish")
    assert (refused.code, refused.error_code) == (1, "dns-foreign")
    assert nameservers.held(nameservers.primary, XMPP, "SRV") == (THEIRS,)
    assert nameservers.held(nameservers.primary, "sip.contoso.example", "A") == ()
    codes = [finding["code"] for finding in dns(host, nameservers, "verify").result["findings"]]
    assert codes == ["srv-missing", "srv-elsewhere", "address-missing"]  # the first is that of SIP federation
    assert dns(host, nameservers, "remove").result["changes"] == []
    assert dns(host, nameservers, "publish", "--replace").code == 0
    assert nameservers.held(nameservers.secondary, XMPP, "SRV") == (OURS,)


def test_pins_the_key_in_service_and_tells_of_another(host: Host, nameservers: Knot) -> None:
    host.apply()
    assert dns(host, nameservers, "publish", "--tlsa").code == 0
    (pinned,) = nameservers.held(nameservers.primary, "_5269._tcp.sip.contoso.example", "TLSA")
    assert pinned.startswith("3 1 1 ")
    assert dns(host, nameservers, "verify", "--tlsa").code == 0
    assert host.run("renew", "edge", "--force").code == 0
    renewed = dns(host, nameservers, "verify")
    assert (renewed.code, renewed.result["findings"][0]["code"]) == (4, "tlsa-mismatch")
    assert dns(host, nameservers, "publish", "--tlsa").code == 0
    assert len(nameservers.held(nameservers.secondary, "_5269._tcp.sip.contoso.example", "TLSA")) == 2


def test_what_changed_meanwhile_stops_the_update(nameservers: Knot) -> None:
    wanted = [DnsRecord(XMPP, "SRV", OURS), DnsRecord("sip.contoso.example", "A", "192.0.2.1")]
    changes = changes_to_publish(wanted, {Question(each.name, each.type): Answer() for each in wanted})
    put(nameservers, THEIRS)
    with pytest.raises(NetworkError) as caught:
        updater(nameservers).apply(changes)
    assert caught.value.code == "dns-changed-meanwhile"
    # All or none: the address, which nobody had touched, is not there either.
    assert nameservers.held(nameservers.primary, "sip.contoso.example", "A") == ()


@pytest.mark.parametrize(
    "key",
    [
        TsigKey("edgecert", "hmac-sha256", Secret(b"another secret")),
        TsigKey("stranger", "hmac-sha256", Secret(b"another secret")),
    ],
    ids=["wrong secret", "unknown key"],
)
def test_a_wrong_key_is_refused_with_what_to_compare(nameservers: Knot, key: TsigKey) -> None:
    change = RrsetChange(XMPP, "SRV", 60, (), add=(OURS,))
    with pytest.raises(NetworkError) as caught:
        updater(nameservers, key).apply([change])
    assert caught.value.code == "dns-update-refused"
    assert nameservers.held(nameservers.primary, XMPP, "SRV") == ()


def test_an_unsigned_update_is_refused(host: Host, nameservers: Knot) -> None:
    ran = host.run("dns", "publish", "-c", str(host.flags_file), "--server", nameservers.primary, "--yes")
    assert (ran.code, ran.error_code) == (7, "dns-update-refused")


def test_a_zone_of_somebody_else_is_told(nameservers: Knot) -> None:
    with pytest.raises(NetworkError) as caught:
        updater(nameservers).zone_of("sip.fabrikam.example")
    assert caught.value.code == "dns-no-zone"
    with pytest.raises(NetworkError) as caught:
        updater(nameservers).read([Question("sip.fabrikam.example", "A")])
    assert caught.value.code == "dns-no-zone"


def test_a_dead_secondary_is_named(nameservers: Knot) -> None:
    ours = updater(nameservers)
    nameservers.second.kill()
    change = RrsetChange(XMPP, "SRV", 60, (), add=(OURS,))
    ours.apply([change])
    (fault,) = ours.wait_until_seen([change], timeout=0.2)
    assert fault.server == f"{nameservers.secondary}:53"
