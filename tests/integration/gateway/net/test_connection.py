"""The joint of socket, TLS and stream, seen from a raw socket."""

from __future__ import annotations

import asyncio
import socket
import struct
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from OpenSSL import SSL

from edgecert.shared.control import SwapRequest
from gateway.errors import Condition
from gateway.net import connection as connections
from gateway.service import Gateway
from gateway.tls.channel import TlsChannel
from gateway.tls.context import build_contexts
from tests.integration.gateway.conftest import SECRET
from tests.support.clock import FakeClock
from tests.support.component import connect_component
from tests.support.pki import now
from tests.support.rawpeer import DOMAIN, STARTTLS, dial, dial_tls, header
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import World


async def test_bytes_behind_starttls_in_the_clear_end_the_stream(world: World) -> None:
    async with world.gateway(world.settings(DOMAIN, 1), world.pki.issue([DOMAIN])):
        peer = await dial(world.addresses[DOMAIN])
        peer.say(header())
        await peer.until(rb"</stream:features>")
        peer.say(STARTTLS + header("fabrikam.example"))
        ending = await peer.until_closed()
        assert b"policy-violation" in ending
        assert b"<proceed" not in ending
        await peer.close()


async def test_garbage_instead_of_tls_ends_the_connection_and_is_counted(world: World) -> None:
    async with world.gateway(world.settings(DOMAIN, 1), world.pki.issue([DOMAIN])) as gateway:
        peer = await dial(world.addresses[DOMAIN])
        peer.say(header())
        await peer.until(rb"</stream:features>")
        peer.say(STARTTLS)
        await peer.until(rb"<proceed[^>]*>")
        peer.say(b"this is no ClientHello" * 10)
        await peer.until_closed()
        await peer.close()
        assert b'handshakes_total{direction="inbound",outcome="failed"' in gateway.metrics.render()


async def test_a_probe_without_from_sees_the_certificate_and_then_its_mistake(world: World) -> None:
    async with world.gateway(world.settings(DOMAIN, 1), world.pki.issue([DOMAIN])) as gateway:
        peer = await dial_tls(world.addresses[DOMAIN], gateway, world.pki)
        peer.say(header())
        assert b"improper-addressing" in await peer.until_closed()
        await peer.close()


async def test_a_peer_is_told_that_it_is_no_partner_inside_tls(world: World) -> None:
    async with world.gateway(world.settings(DOMAIN, 1), world.pki.issue([DOMAIN])) as gateway:
        peer = await dial_tls(world.addresses[DOMAIN], gateway, world.pki)
        peer.say(header("fabrikam.example"))
        ending = await peer.until_closed()
        assert b"policy-violation" in ending
        assert b"not a configured partner" in ending
        await peer.close()


async def test_who_does_not_authenticate_in_time_has_to_go(world: World) -> None:
    clock = FakeClock(now())
    gateway = Gateway(world.settings(DOMAIN, 1), clock=clock)
    async with gateway.running():
        await gateway.swap(SwapRequest(world.pki.issue([DOMAIN]).bundle()))
        peer = await dial(world.addresses[DOMAIN])
        peer.say(header())
        await peer.until(rb"</stream:features>")
        clock.advance(timedelta(seconds=59))
        gateway.hub.keep_house()
        clock.advance(timedelta(seconds=2))
        gateway.hub.keep_house()
        assert b"connection-timeout" in await peer.until_closed()
        await peer.close()


async def test_a_shutdown_says_goodbye(world: World) -> None:
    async with world.gateway(world.settings(DOMAIN, 1), world.pki.issue([DOMAIN])):
        peer = await dial(world.addresses[DOMAIN])
        peer.say(header())
        await peer.until(rb"</stream:features>")
    assert b"system-shutdown" in await peer.until_closed()
    await peer.close()


async def test_who_wants_to_shake_hands_again_hears_no_at_once(world: World) -> None:
    # Were the answer kept until the stream has something to say, such questions would fill the memory.
    async with world.gateway(world.settings(DOMAIN, 1, direct=True), world.pki.issue([DOMAIN])):
        await asyncio.to_thread(be_refused_another_handshake, world.addresses[DOMAIN])


def be_refused_another_handshake(host: str) -> None:
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    with socket.create_connection((host, 5270)) as plain:
        plain.settimeout(None)  # OpenSSL waits by itself
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", 60, 0))
        client = SSL.Connection(context, plain)
        client.set_connect_state()
        client.do_handshake()
        assert client.renegotiate()
        with pytest.raises(SSL.Error, match="renegotiation"):
            client.do_handshake()


@pytest.mark.parametrize("port", [5269, 5270])
async def test_a_handshake_in_progress_keeps_what_it_began_with(world: World, port: int) -> None:
    first, second = world.pki.issue([DOMAIN]), world.pki.issue([DOMAIN])
    async with world.gateway(world.settings(DOMAIN, 1, direct=True), first) as gateway:
        peer = await dial(world.addresses[DOMAIN], port)
        if port == 5269:
            peer.say(header())
            await peer.until(rb"</stream:features>")
            peer.say(STARTTLS)
            await peer.until(rb"<proceed[^>]*>")
        await eventually(lambda: any(connection.tls for connection in gateway.hub.inbound))
        await gateway.swap(SwapRequest(second.bundle(generation=2)))
        contexts = build_contexts([second.bundle()], domains=[], trust=gateway.certificates.slot.current.trust)
        channel = TlsChannel.client(contexts, DOMAIN, DOMAIN, direct=port == 5270)
        await peer.shake_hands(channel)
        assert channel.peer_chain[0] == first.cert
        await peer.close()


async def test_a_second_close_does_not_cut_what_the_peer_has_under_way(world: World) -> None:
    left, right = world.settings(DOMAIN, 1), world.settings("fabrikam.example", 2)
    async with (
        world.gateway(left, world.pki.issue([DOMAIN]), "fabrikam.example") as gateway,
        world.gateway(right, world.pki.issue(["fabrikam.example"]), DOMAIN),
        connect_component(DOMAIN, SECRET, world.addresses[DOMAIN]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await bob.message("bob@fabrikam.example", f"alice@{DOMAIN}", "first")
        await alice.receive()
        (connection,) = gateway.hub.inbound
        await gateway.swap(SwapRequest(world.pki.issue([DOMAIN]).bundle(generation=2)))
        gateway.hub.draining.begin()
        gateway.hub.draining.begin()
        assert not connection.machine.closed
        connection.close(Condition.RESET)
        assert connection.machine.closed


async def test_sockets_wait_for_nothing_and_notice_a_peer_that_is_gone(world: World) -> None:
    async with world.gateway(world.settings(DOMAIN, 1), None) as gateway:
        address = world.addresses[DOMAIN]
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(lambda: gateway.hub.make_inbound(direct_tls=False), address, 5269)
        sock = transport.get_extra_info("socket")
        for level, option, value in (
            (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
            (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 60_000),
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        ):
            assert sock.getsockopt(level, option) == value
        transport.abort()


async def test_a_peer_that_never_says_its_end_is_not_waited_for_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "CLOSE_TIMEOUT", 0.1)
    monkeypatch.setattr(connections, "LINGER_TIMEOUT", 0.1)
    left, right = world.settings(DOMAIN, 1), world.settings("fabrikam.example", 2)
    async with (
        world.gateway(left, world.pki.issue([DOMAIN]), "fabrikam.example") as gateway,
        world.gateway(right, world.pki.issue(["fabrikam.example"]), DOMAIN) as other,
        connect_component(DOMAIN, SECRET, world.addresses[DOMAIN]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await bob.message("bob@fabrikam.example", f"alice@{DOMAIN}", "first")
        await alice.receive()
        (connection,), (theirs,) = gateway.hub.inbound, other.hub.outbound
        theirs.pause_reading()
        connection.close()
        assert not connection.machine.closed
        await eventually(lambda: connection not in gateway.hub.inbound)
        theirs.resume_reading()
