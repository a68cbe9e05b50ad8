from __future__ import annotations

import socket
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest

from gateway.net.connector import Connector, race_connect
from gateway.net.outbound import StreamFailedError
from gateway.net.resolver import Resolver
from gateway.net.targets import Target
from tests.support.clock import FakeClock
from tests.support.dns import DNS_PORT, Zone, host_records, serve_dns
from tests.support.net import loopback_net

if TYPE_CHECKING:
    from collections.abc import Iterator

DOMAIN = "contoso.example"


@pytest.fixture
def zone() -> Iterator[tuple[Zone, str]]:
    with loopback_net() as net, serve_dns(f"{net}53", {}) as served:
        yield served, net


def connector(net: str, *, allow_private: bool = True) -> Connector:
    return Connector(Resolver([f"{net}53:{DNS_PORT}"], FakeClock()), Random(1), allow_private)  # noqa: S311  # to be repeatable


async def code_of(connect: Connector, target: Target | None = None) -> str:
    look_up = connect.find_addresses(target) if target is not None else connect.find_targets(DOMAIN)
    with pytest.raises(StreamFailedError) as caught:
        await look_up
    return caught.value.failure.code


async def test_services_come_before_the_bare_domain(zone: tuple[Zone, str]) -> None:
    served, net = zone
    served.records.update(host_records(DOMAIN, f"{net}1", direct_tls_port=5270))
    targets = await connector(net).find_targets(DOMAIN)
    host = f"xmpp.{DOMAIN}"
    assert set(targets) == {Target(host, 5269), Target(host, 5270, direct_tls=True)}
    assert await connector(net).find_addresses(targets[0]) == (f"{net}1",)


async def test_the_bare_domain_is_dialled_only_without_services(zone: tuple[Zone, str]) -> None:
    served, net = zone
    served.records[DOMAIN] = {"A": [f"{net}1"]}
    assert await connector(net).find_targets(DOMAIN) == (Target(DOMAIN, 5269),)
    served.records[f"_xmpp-server._tcp.{DOMAIN}"] = {"SRV": ["0 0 0 ."]}
    assert await code_of(connector(net)) == "dns-not-found"


async def test_direct_tls_is_left_out_where_tls_is(zone: tuple[Zone, str]) -> None:
    served, net = zone
    served.records.update(host_records(DOMAIN, f"{net}1", direct_tls_port=5270))
    targets = await connector(net).find_targets(DOMAIN, direct_tls=False)
    assert targets == (Target(f"xmpp.{DOMAIN}", 5269),)
    assert {name for name, _ in served.queries} == {f"_xmpp-server._tcp.{DOMAIN}"}


async def test_one_service_without_an_answer_does_not_hide_the_other(zone: tuple[Zone, str]) -> None:
    served, net = zone
    served.records.update(host_records(DOMAIN, f"{net}1"))
    served.broken.add(f"_xmpps-server._tcp.{DOMAIN}")
    assert await connector(net).find_targets(DOMAIN) == (Target(f"xmpp.{DOMAIN}", 5269),)
    served.records[f"_xmpp-server._tcp.{DOMAIN}"] = {"SRV": ["0 0 0 ."]}
    assert await code_of(connector(net)) == "dns-failed"  # the other one may be there


async def test_a_server_is_proved_by_dnssec_only_if_both_services_are_signed(zone: tuple[Zone, str]) -> None:
    served, net = zone
    served.records.update(host_records(DOMAIN, f"{net}1", direct_tls_port=5270))
    resolver = Resolver([f"{net}53:{DNS_PORT}"], FakeClock(), dnssec_trusted=True)
    signed = replace(connector(net), resolver=resolver)
    for names, secure in (
        ((f"_xmpp-server._tcp.{DOMAIN}",), {False}),
        ((f"_xmpp-server._tcp.{DOMAIN}", f"_xmpps-server._tcp.{DOMAIN}"), {True}),
    ):
        served.signed = set(names)
        signed.forget(DOMAIN)
        assert {target.is_secure for target in await signed.find_targets(DOMAIN)} == secure


async def test_the_ways_in_which_the_dns_says_no_are_told_apart(zone: tuple[Zone, str]) -> None:
    served, net = zone
    assert await code_of(connector(net), Target("absent.example", 5269)) == "dns-not-found"
    served.broken.add(f"_xmpp-server._tcp.{DOMAIN}")
    assert await code_of(connector(net)) == "dns-failed"


async def test_a_strangers_dns_does_not_lead_into_our_network(zone: tuple[Zone, str]) -> None:
    served, net = zone
    served.records.update(host_records(DOMAIN, f"{net}1"))
    strict = connector(net, allow_private=False)
    (target,) = await strict.find_targets(DOMAIN)
    assert await code_of(strict, target) == "private-target"
    assert await code_of(strict, Target(f"{net}1", 5269)) == "private-target"
    assert await strict.find_addresses(target, explicit=True) == (f"{net}1",)


async def test_a_proxy_takes_the_place_of_the_dns(zone: tuple[Zone, str]) -> None:
    served, net = zone
    assert await connector(net).find_targets(DOMAIN, f"{net}9:5300") == (Target(f"{net}9", 5300),)
    assert served.queries == []


async def test_the_first_that_answers_wins(zone: tuple[Zone, str]) -> None:
    _, net = zone
    with socket.create_server((f"{net}3", 5269)) as listening:
        sock = await race_connect([f"{net}1", f"{net}2", f"{net}3"], 5269)
        assert sock.getpeername() == listening.getsockname()
        sock.close()


async def test_when_nobody_answers_each_reason_is_told(zone: tuple[Zone, str]) -> None:
    _, net = zone
    with pytest.raises(StreamFailedError) as caught:
        await race_connect([f"{net}1", f"{net}2"], 5269)
    assert caught.value.failure.code == "connect-failed"
    assert f"{net}1: Connection refused" in caught.value.failure.text
    assert f"{net}2: Connection refused" in caught.value.failure.text
