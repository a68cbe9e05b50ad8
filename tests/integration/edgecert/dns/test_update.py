"""What needs no nameserver that takes updates; the rest is held against Knot in tests/peers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from edgecert.dns.lookup import Lookup
from edgecert.dns.update import ZoneUpdater
from edgecert.model.dnsrecords import Question, RrsetChange
from edgecert.shared.errors import NetworkError
from tests.support.clock import FakeClock
from tests.support.dns import serve_dns
from tests.support.net import loopback_net

if TYPE_CHECKING:
    from tests.integration.edgecert.dns.conftest import Nameserver

ZONE = "contoso.example"
SOA = "ns1.contoso.example. admin.contoso.example. 1 3600 600 86400 5"


def updater(server: str) -> ZoneUpdater:
    return ZoneUpdater(server, None, Lookup([server]), FakeClock(), timeout=30)


def test_finds_the_zone_that_a_name_is_in(nameserver: Nameserver) -> None:
    nameserver.zone.records[ZONE] = {"SOA": [SOA]}
    ours = updater(nameserver.address)
    assert ours.zone_of("_xmpp-server._tcp.contoso.example") == ZONE
    with pytest.raises(NetworkError) as caught:
        ours.zone_of("fabrikam.example")
    assert caught.value.code == "dns-no-zone"


def test_reads_what_the_server_holds(nameserver: Nameserver) -> None:
    nameserver.zone.records[f"sip.{ZONE}"] = {"A": ["192.0.2.2", "192.0.2.1"]}
    question = Question(f"sip.{ZONE}", "A")
    assert updater(nameserver.address).read([question]) == {question: ("192.0.2.1", "192.0.2.2")}


@pytest.mark.skipif(os.geteuid() != 0, reason="servers that NS records name are asked at port 53, which root may bind")
def test_sees_a_change_at_every_server_once_it_is_there() -> None:
    with loopback_net() as net, serve_dns(f"{net}53", {}, port=53) as zone:
        host = f"{net}53"
        zone.records |= {
            ZONE: {"SOA": [SOA], "NS": [f"ns1.{ZONE}."]},
            f"ns1.{ZONE}": {"A": [host]},
            f"sip.{ZONE}": {"A": ["192.0.2.1"]},
        }
        change = RrsetChange(f"sip.{ZONE}", "A", 60, (), add=("192.0.2.1",))
        assert updater(host).wait_until_seen([change]) == ()
        other = RrsetChange(f"sip.{ZONE}", "A", 60, (), add=("192.0.2.9",))
        (fault,) = updater(host).wait_until_seen([other], timeout=0)
        assert (fault.server, fault.reason) == (f"{host}:53", "holds 192.0.2.1")


def test_a_dead_server_is_named() -> None:
    with loopback_net() as net, pytest.raises(NetworkError) as caught:
        updater(f"{net}1").zone_of(ZONE)
    assert caught.value.code == "nameserver-failed"
    assert f"{net}1" in caught.value.message
