"""Prosody as a partner with method set {S}: TLS and SASL EXTERNAL both ways, nothing else to fall back on."""

from __future__ import annotations

import asyncio
import os
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from edgecert.probe.handshake import HandshakeProber
from edgecert.shared.chain import fingerprint_sha256
from edgecert.shared.control import SwapRequest
from tests.integration.gateway.conftest import SECRET, World
from tests.support.component import connect_component
from tests.support.dns import host_records, serve_dns
from tests.support.net import loopback_net
from tests.support.peers.prosody import COMPONENT_SECRET, PACKAGES, run_prosody
from tests.support.pki import Pki
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gateway.service import Gateway
    from tests.support.component import Component
    from tests.support.peers.prosody import Prosody
    from tests.support.pki import Issued

pytestmark = pytest.mark.peer(*PACKAGES)

HOME, PARTNER = "contoso.example", "prosody.example"
ALICE, JULIET = f"alice@{HOME}", f"juliet@{PARTNER}"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    if os.geteuid() != 0:
        pytest.skip("Prosody's resolver asks port 53, which only root may bind")
    with loopback_net() as net, serve_dns(f"{net}53", {}, port=53) as zone:
        yield World(tmp_path, net, Pki.create(tmp_path / "pki"), zone, dns_port=53)


@pytest.fixture
def start_prosody(world: World) -> Iterator[Callable[[Issued], Prosody]]:
    """Give a function that starts Prosody with a certificate; it is known to the DNS, and knows the test's CA."""
    address = f"{world.net}2"
    world.zone.records.update(host_records(PARTNER, address))
    with ExitStack() as stack:

        def start(issued: Issued) -> Prosody:
            place = world.directory / "prosody"
            return stack.enter_context(
                run_prosody(place, address, PARTNER, issued, ca_file=world.pki.ca_file, nameserver=f"{world.net}53")
            )

        yield start


async def exchange(alice: Component, juliet: Component, word: str) -> None:
    await alice.message(ALICE, JULIET, f"{word} out")
    assert await juliet.receive_bodies(1) == [f"{word} out"]
    await juliet.message(JULIET, ALICE, f"{word} in")
    assert await alice.receive_bodies(1) == [f"{word} in"]


def test_the_prober_sees_what_prosody_serves_before_and_after_its_reload(
    world: World, start_prosody: Callable[[Issued], Prosody]
) -> None:
    old, new = world.pki.issue([PARTNER]), world.pki.issue([PARTNER], key="rsa-2048")
    prosody = start_prosody(old)
    address = f"{prosody.address}:5269"
    served = HandshakeProber().probe(address, "xmpp-s2s", PARTNER, timeout=10)
    assert served.fingerprint_sha256 == fingerprint_sha256(old.cert)
    assert len(served.certificates) == 2
    prosody.install(new)
    prosody.reload()
    wanted = fingerprint_sha256(new.cert)
    seen = (HandshakeProber().probe(address, "xmpp-s2s", PARTNER, timeout=10) for _ in range(500))
    assert any(found.fingerprint_sha256 == wanted for found in seen)


async def test_messages_go_both_ways_and_the_streams_outlive_a_swap_on_both_ends(
    world: World, start_prosody: Callable[[Issued], Prosody]
) -> None:
    settings = world.settings(HOME, 1)
    prosody = start_prosody(world.pki.issue([PARTNER]))
    async with (
        world.gateway(settings, world.pki.issue([HOME]), PARTNER) as gateway,
        connect_component(HOME, SECRET, world.addresses[HOME]) as alice,
        connect_component(PARTNER, COMPONENT_SECRET, prosody.address) as juliet,
    ):
        await exchange(alice, juliet, "before")
        assert await streams(gateway) == [("inbound", "pkix", 1), ("outbound", "pkix", 1)]
        await gateway.swap(SwapRequest(world.pki.issue([HOME]).bundle(generation=2)))
        await exchange(alice, juliet, "after")
        # Still those that began with the first generation: nobody had to connect again.
        assert await streams(gateway) == [("inbound", "pkix", 1), ("outbound", "pkix", 1)]
        theirs = world.pki.issue([PARTNER], key="rsa-2048")
        prosody.install(theirs)
        prosody.reload()
        await exchange(alice, juliet, "both ends swapped")
        assert await streams(gateway) == [("inbound", "pkix", 1), ("outbound", "pkix", 1)]
        gateway.hub.reset_streams("so that both ends show their new certificates")
        await eventually(lambda: not gateway.hub.inbound and not gateway.hub.outbound)
        for pair in tuple(gateway.hub.pairs.values()):
            pair.clear_back_off()
        await exchange(alice, juliet, "with both new")
        assert await streams(gateway) == [("inbound", "pkix", 2), ("outbound", "pkix", 2)]
        live = [connection.tls for connection in (*gateway.hub.inbound, *gateway.hub.outbound)]
        assert [tls.peer_chain[0] for tls in live if tls is not None] == [theirs.cert] * 2


async def test_a_partner_test_walks_to_prosody_and_names_what_stops_it(
    world: World, start_prosody: Callable[[Issued], Prosody]
) -> None:
    settings = world.settings(HOME, 1)
    async with world.gateway(settings, world.pki.issue([HOME]), PARTNER) as gateway:
        assert (await walk(gateway))[-1] == "tcp failed connect-failed"
        prosody = start_prosody(world.pki.issue([PARTNER]))
        async with (
            connect_component(PARTNER, COMPONENT_SECRET, prosody.address) as juliet,
            asyncio.TaskGroup() as group,
        ):
            walking = group.create_task(walk(gateway))
            ping = await juliet.receive()
            identity = re.search(r"\bid=['\"]([^'\"]+)", ping)
            assert identity is not None
            await juliet.send(f"<iq from='{PARTNER}' to='{HOME}' type='result' id='{identity[1]}'/>")
        steps = ("dns", "tcp", "tls", "identity", "authentication", "ping")
        assert walking.result() == [f"{step} ok " for step in steps]


async def walk(gateway: Gateway) -> list[str]:
    """Give each step of a partner test with its outcome and code."""
    begun = await gateway.start_partner_test(PARTNER, "")
    answer = await gateway.partner_test(str(begun["id"]), 0)
    while not answer["finished"]:
        steps = answer["steps"]
        assert isinstance(steps, list)
        await gateway.partner_test(str(begun["id"]), len(steps))
        answer = await gateway.partner_test(str(begun["id"]), 0)
    assert isinstance(answer["steps"], list)
    return [f"{step['step']} {step['outcome']} {step['code']}" for step in answer["steps"] if isinstance(step, dict)]


async def streams(gateway: Gateway) -> list[tuple[str, str, int]]:
    """Give direction, proof and our certificate's generation of each stream."""
    found = (await gateway.streams())["streams"]
    assert isinstance(found, list)
    return sorted((stream["direction"], stream["proof"], stream["generation"]) for stream in found)


async def test_prosody_refuses_a_gateway_that_its_ca_did_not_certify(
    world: World, start_prosody: Callable[[Issued], Prosody]
) -> None:
    settings = world.settings(HOME, 1)
    other = Pki.create(world.directory / "other")
    prosody = start_prosody(world.pki.issue([PARTNER]))
    async with (
        world.gateway(settings, other.issue([HOME]), PARTNER) as gateway,
        connect_component(HOME, SECRET, world.addresses[HOME]) as alice,
        connect_component(PARTNER, COMPONENT_SECRET, prosody.address) as juliet,
    ):
        await alice.message(ALICE, JULIET, "out")
        assert "remote-server-timeout" in await alice.receive()
        assert failure_of(gateway).startswith("peer-stream-error")
        await juliet.message(JULIET, ALICE, "in")
        assert "type='error'" in await juliet.receive()


async def test_the_gateway_refuses_a_prosody_that_its_ca_did_not_certify(
    world: World, start_prosody: Callable[[Issued], Prosody]
) -> None:
    settings = world.settings(HOME, 1)
    prosody = start_prosody(Pki.create(world.directory / "other").issue([PARTNER]))
    async with (
        world.gateway(settings, world.pki.issue([HOME]), PARTNER) as gateway,
        connect_component(HOME, SECRET, world.addresses[HOME]) as alice,
        connect_component(PARTNER, COMPONENT_SECRET, prosody.address) as juliet,
    ):
        await alice.message(ALICE, JULIET, "out")
        assert "remote-server-timeout" in await alice.receive()
        assert failure_of(gateway).startswith("peer-certificate")
        await juliet.message(JULIET, ALICE, "in")
        assert "type='error'" in await juliet.receive()
        assert (await gateway.status())["streams"] == {"inbound": 0, "outbound": 0}


def failure_of(gateway: Gateway) -> str:
    return next(str(pair.failure) for (_, partner), pair in gateway.hub.pairs.items() if partner == PARTNER)
