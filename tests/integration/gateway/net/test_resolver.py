from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gateway.net.resolver import ResolveError, Resolver
from gateway.net.targets import SrvRecord
from tests.support.clock import FakeClock
from tests.support.dns import DNS_PORT, Zone, serve_dns
from tests.support.net import loopback_net

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE = "_xmpp-server._tcp.contoso.example"


@pytest.fixture
def zone() -> Iterator[tuple[Zone, str]]:
    with loopback_net() as net, serve_dns(f"{net}53", {}) as served:
        yield served, f"{net}53:{DNS_PORT}"


async def test_reads_services_and_addresses(zone: tuple[Zone, str]) -> None:
    served, address = zone
    served.records[SERVICE] = {"SRV": ["10 5 5269 XMPP.contoso.example."]}
    served.records["xmpp.contoso.example"] = {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]}
    resolver = Resolver([address], FakeClock())
    assert (await resolver.find_srv("xmpp-server", "contoso.example")).records == (
        SrvRecord(10, 5, 5269, "xmpp.contoso.example"),
    )
    ipv6, ipv4 = await resolver.find_addresses("xmpp.contoso.example")
    assert (ipv6.records, ipv4.records) == (("2001:db8::1",), ("192.0.2.1",))


async def test_the_root_as_target_is_told_from_absence(zone: tuple[Zone, str]) -> None:
    served, address = zone
    served.records[SERVICE] = {"SRV": ["0 0 0 ."]}
    resolver = Resolver([address], FakeClock())
    assert (await resolver.find_srv("xmpp-server", "contoso.example")).records[0].target == ""
    absent = await resolver.find_srv("xmpp-server", "fabrikam.example")
    assert (absent.records, absent.exists) == ((), False)
    served.records["fabrikam.example"] = {"A": ["192.0.2.1"]}
    assert (await resolver.find_addresses("fabrikam.example"))[0].exists


async def test_absence_is_believed_for_five_seconds_at_least_and_five_minutes_at_most(zone: tuple[Zone, str]) -> None:
    served, address = zone
    clock = FakeClock()
    resolver = Resolver([address], clock)
    for ttl, still_known, forgotten in ((0, 4, 2), (86400, 299, 2)):
        served.negative_ttl = ttl
        served.queries.clear()
        domain = f"ttl{ttl}.example"
        for step in (0, still_known, forgotten):
            clock.advance(timedelta(seconds=step))
            await resolver.find_srv("xmpp-server", domain)
        assert len(served.queries) == 2


async def test_no_answer_is_not_the_same_as_nothing_there(zone: tuple[Zone, str]) -> None:
    served, address = zone
    served.broken.add(SERVICE)
    with pytest.raises(ResolveError, match="SRV"):
        await Resolver([address], FakeClock()).find_srv("xmpp-server", "contoso.example")


async def test_names_are_absolute(zone: tuple[Zone, str]) -> None:
    served, address = zone
    await Resolver([address], FakeClock()).find_srv("xmpp-server", "contoso.example")
    assert {name for name, _ in served.queries} == {SERVICE}


def test_a_nameserver_is_an_address() -> None:
    with pytest.raises(ResolveError, match="nameserver"):
        Resolver(["dns.example"], FakeClock())
