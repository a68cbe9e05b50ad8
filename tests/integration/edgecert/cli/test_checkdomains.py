"""``check`` from outside: DNS, reachability, what is served, chain, names, days."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.support.dns import DNS_PORT, serve_dns
from tests.support.listeners import Listener
from tests.support.net import loopback_net
from tests.support.pki import Pki

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.cli import Host, Ran

DOMAIN = "contoso.example"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.create(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def net() -> Iterator[str]:
    with loopback_net() as prefix:
        yield prefix


def verdicts(ran: Ran) -> list[tuple[str, str]]:
    return [(entry["check"], entry["verdict"]) for entry in ran.result["checks"]]


def check(host: Host, net: str, pki: Pki, names: list[str], *more: str, running: bool = True) -> Ran:
    """Check a domain whose SRV record leads to a listener with a certificate for ``names``."""
    with ExitStack() as stack:
        listener = Listener(pki.issue(names, eku=("server", "client")), address=f"{net}1:0")
        if running:
            stack.enter_context(listener)
        else:
            listener._server.close()  # noqa: SLF001  # a port that nobody listens at
        port = listener.address.rpartition(":")[2]
        records = {
            f"_xmpp-server._tcp.{DOMAIN}": {"SRV": [f"0 5 {port} sip.{DOMAIN}."]},
            f"sip.{DOMAIN}": {"A": [f"{net}1"]},
        }
        stack.enter_context(serve_dns(f"{net}53", records))
        return host.run("check", "--nameserver", f"{net}53:{DNS_PORT}", "--trust", str(pki.ca_file), *more)


def test_a_domain_that_is_not_ours_is_looked_at_from_outside(host: Host, net: str, pki: Pki) -> None:
    good = check(host, net, pki, [DOMAIN], "--domain", DOMAIN)
    assert (good.code, verdicts(good)) == (0, [("served", "ok")])
    assert not host.state_dir.exists()
    other = check(host, net, pki, ["fabrikam.example"], "--domain", DOMAIN)
    assert (other.code, verdicts(other)) == (4, [("names", "critical")])
    missing = check(host, net, pki, [DOMAIN], "--domain", "absent.example")
    assert (missing.code, verdicts(missing)) == (4, [("dns", "critical")])
    dead = check(host, net, pki, [DOMAIN], "--domain", DOMAIN, running=False)
    assert (dead.code, verdicts(dead)) == (4, [("reachability", "critical")])


def test_a_host_is_asked_without_any_dns(host: Host, pki: Pki) -> None:
    with Listener(pki.issue([DOMAIN])) as listener:
        place = ("--host", f"xmpp-s2s://{listener.address}")
        trusted = ("--trust", str(pki.ca_file))
        both = host.run("check", *place, "--domain", DOMAIN, "--domain", "fabrikam.example", *trusted)
        assert verdicts(both) == [("served", "ok"), ("partners", "ok"), ("names", "critical")]
        human = host.run("check", *place, "--domain", DOMAIN, "--domain", "fabrikam.example", *trusted, json=False)
        assert human.stdout.startswith("CRITICAL  fabrikam.example: ")
        stranger = host.run("check", *place, "--domain", DOMAIN)
        assert (stranger.code, verdicts(stranger)[0]) == (3, ("trust", "warning"))
        nagios = host.run("check", "--nagios", *place, "--domain", DOMAIN, *trusted, json=False)
        assert (nagios.code, nagios.stdout.startswith("EDGECERT OK - ")) == (0, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--host", "sip.contoso.example:5061"),
        ("--host", "sip.contoso.example", "--domain", DOMAIN),
        ("--host", "ftp://sip.contoso.example:21", "--domain", DOMAIN),
        ("--domain", "*.contoso.example"),
    ],
)
def test_refuses_what_cannot_be_asked(host: Host, arguments: tuple[str, ...]) -> None:
    assert host.run("check", *arguments).code == 2


def test_our_own_certificate_is_checked_where_the_dns_leads(host: Host, net: str, pki: Pki) -> None:
    host.apply()
    ours = check(host, net, pki, [DOMAIN], "edge", "--dns")
    found = [entry for entry in ours.result["checks"] if entry["subject"] == DOMAIN]
    assert ours.code == 4
    # The listener's port is not the planned one, and SIP federation has no record.
    assert [entry["check"] for entry in found] == ["dns", "dns", "served"]
    assert found[0]["hint"].startswith("edgecert dns publish edge")
    assert not [entry for entry in host.run("check", "edge").result["checks"] if entry["check"] == "dns"]
