from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gateway.net.resolver import MAX_ADDRESSES, ResolveError, Resolver
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


async def test_who_was_heard_of_is_looked_up_anew(zone: tuple[Zone, str]) -> None:
    served, address = zone
    resolver = Resolver([address], FakeClock())
    assert not (await resolver.find_srv("xmpp-server", "contoso.example")).exists
    assert not (await resolver.find_srv("xmpp-server", "other.example")).exists
    served.records[SERVICE] = {"SRV": ["0 0 5269 xmpp.contoso.example."]}
    assert not (await resolver.find_srv("xmpp-server", "contoso.example")).exists
    resolver.forget("contoso.example")
    assert (await resolver.find_srv("xmpp-server", "contoso.example")).records
    assert served.queries.count(("_xmpp-server._tcp.other.example", "SRV")) == 1


async def test_aliases_are_followed_and_a_loop_of_them_is_no_answer(zone: tuple[Zone, str]) -> None:
    served, address = zone
    served.records["a.example"] = {"CNAME": ["b.example."]}
    served.records["b.example"] = {"A": ["192.0.2.1"]}
    served.records["c.example"] = {"CNAME": ["d.example."]}
    served.records["d.example"] = {"CNAME": ["c.example."]}
    resolver = Resolver([address], FakeClock())
    assert (await resolver.find_addresses("a.example"))[1].records == ("192.0.2.1",)
    with pytest.raises(ResolveError):
        await resolver.find_addresses("c.example")


async def test_a_thousand_records_are_read(zone: tuple[Zone, str]) -> None:
    served, address = zone
    served.records[SERVICE] = {"SRV": [f"{number} 0 5269 h{number}.example." for number in range(1000)]}
    resolver = Resolver([address], FakeClock())
    assert len((await resolver.find_srv("xmpp-server", "contoso.example")).records) == 1000


async def test_of_a_hosts_addresses_some_are_kept(zone: tuple[Zone, str]) -> None:
    served, address = zone
    served.records["a.example"] = {"A": [f"192.0.2.{number}" for number in range(1, 201)]}
    assert len((await Resolver([address], FakeClock()).find_addresses("a.example"))[1].records) == MAX_ADDRESSES


async def test_one_family_that_fails_is_no_failure(zone: tuple[Zone, str]) -> None:
    served, address = zone
    served.records["a.example"] = {"A": ["192.0.2.1"]}
    served.broken_kinds.add(("a.example", "AAAA"))
    ipv6, ipv4 = await Resolver([address], FakeClock()).find_addresses("a.example")
    assert (ipv6.records, ipv4.records) == ((), ("192.0.2.1",))


@pytest.mark.parametrize(("trusted", "validated"), [(True, True), (True, False), (False, True), (False, False)])
async def test_the_ad_bit_is_believed_where_it_is_trusted(
    zone: tuple[Zone, str], trusted: bool, validated: bool
) -> None:
    served, address = zone
    served.records[SERVICE] = {"SRV": ["0 0 5269 xmpp.contoso.example."]}
    served.validated = validated
    resolver = Resolver([address], FakeClock(), dnssec_trusted=trusted)
    assert (await resolver.find_srv("xmpp-server", "contoso.example")).is_secure is (trusted and validated)


def test_the_ad_bit_of_a_nameserver_off_loopback_is_never_believed() -> None:
    assert Resolver(["127.0.0.1"], FakeClock(), dnssec_trusted=True).believes_dnssec
    assert not Resolver(["127.0.0.1", "192.0.2.53"], FakeClock(), dnssec_trusted=True).believes_dnssec


def test_a_nameserver_is_an_address() -> None:
    with pytest.raises(ResolveError, match="nameserver"):
        Resolver(["dns.example"], FakeClock())


@pytest.mark.parametrize("host", [f"{'a.' * 125}b", "xmpp..example", f"{'a' * 64}.example"])
async def test_what_cannot_be_a_name_of_the_dns_is_not_there(zone: tuple[Zone, str], host: str) -> None:
    _, address = zone
    resolver = Resolver([address], FakeClock())
    found = await resolver.find_srv("xmpp-server", host)
    assert (found.records, found.exists) == ((), False)
