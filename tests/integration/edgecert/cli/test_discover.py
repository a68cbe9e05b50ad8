"""``plan --discover``: from the DNS to a flags file that the next command takes."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from edgecert.cli.discover import flags_file_text
from edgecert.model.discovery import Discovery, Reason
from edgecert.model.request import CertificateRequest, Topology
from tests.support.dns import DNS_PORT, host_records, serve_dns
from tests.support.net import loopback_net

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.cli import Host


@pytest.fixture
def nameserver() -> Iterator[str]:
    records = {
        **host_records("contoso.com", "192.0.2.1"),
        "_sipfederationtls._tcp.contoso.com": {"SRV": ["0 5 5061 sip.contoso.com."]},
        "sip.contoso.com": {"A": ["192.0.2.1"]},
    }
    with loopback_net() as net, serve_dns(f"{net}53", records):
        yield f"{net}53:{DNS_PORT}"


def test_the_flags_file_plans_what_was_proposed(host: Host, nameserver: str) -> None:
    path = host.directory / "proposed.toml"
    discover = ("--discover", "contoso.com", "fabrikam.com", "--nameserver", nameserver)
    ran = host.run("plan", *discover, "--save", str(path))
    assert ran.code == 0
    found = ran.result["discovery"]
    assert found["topology"] == {
        "access_edge": "sip.contoso.com",
        "web_conferencing": "",
        "sip_domains": ["contoso.com"],
        "xmpp_domains": ["contoso.com"],
    }
    assert [name["name"] for name in ran.result["certificates"][0]["names"]] == ["sip.contoso.com", "contoso.com"]
    assert "dns-nothing" in {finding["code"] for finding in ran.result["findings"]}
    assert path.read_text(encoding="utf-8") == found["flags_file"]
    assert "# xmpp_domains: contoso.com: _xmpp-server._tcp.contoso.com leads to" in found["flags_file"]
    again = host.run("plan", "-c", str(path))
    assert again.result["certificates"] == ran.result["certificates"]


def test_what_the_dns_said_stays_in_its_comment() -> None:
    reasons = (Reason("topology.access_edge", "x\n[[deploy]]", "said so\u2028reload_command = ['x']\r"),)
    found = Discovery(Topology(access_edge="sip.contoso.com"), reasons, ())
    text = flags_file_text(CertificateRequest(topology=found.topology), found)
    assert tomllib.loads(text)["topology"] == {"access_edge": "sip.contoso.com"}
    assert "deploy" not in tomllib.loads(text)
    assert len([line for line in text.splitlines() if line.startswith("#")]) == 1


def test_a_file_that_is_there_is_not_written_over(host: Host, nameserver: str) -> None:
    before = host.flags_file.read_text(encoding="utf-8")
    arguments = ("--discover", "contoso.com", "--nameserver", nameserver, "--save", str(host.flags_file))
    assert host.run("plan", *arguments).code == 2
    assert host.flags_file.read_text(encoding="utf-8") == before
    assert host.run("plan", *arguments, "--yes").code == 0


def test_what_people_say_counts_before_what_was_found(host: Host, nameserver: str) -> None:
    arguments = ("--discover", "contoso.com", "--nameserver", nameserver, "--access-edge", "edge.contoso.com")
    ran = host.run("plan", *arguments, json=False)
    assert 'access_edge = "edge.contoso.com"' in ran.stdout
    assert ran.stdout.startswith("Topology\nKEY ")


def test_what_belongs_to_discovery_is_refused_without_it(host: Host) -> None:
    assert host.run("plan", "-c", str(host.flags_file), "--save", "x.toml").error_code == "usage"
