"""The hostile corpus over real sockets and TLS, one after the other against one gateway that serves on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.gateway.conftest import SECRET
from tests.support.component import connect_component
from tests.support.hostile import HostileCase, read_corpus
from tests.support.rawpeer import DOMAIN, RawPeer, dial, dial_authenticated, dial_tls, header
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from gateway.service import Gateway
    from tests.integration.gateway.conftest import World
    from tests.support.component import Component

PARTNER = "fabrikam.example"
CASES = read_corpus()


async def reach(case: HostileCase, host: str, gateway: Gateway, world: World) -> RawPeer:
    """Give a peer that has come as far as ``case`` begins."""
    if case.at == "clear":
        return await dial(host)
    if case.at == "open":
        return await dial_authenticated(host, gateway, world.pki)
    peer = await dial_tls(host, gateway, world.pki)
    if case.at == "tls":
        peer.say(header(PARTNER))
        await peer.until(rb"</stream:features>")
    return peer


async def verify(case: HostileCase, peer: RawPeer, bob: Component) -> None:
    """Send it, and see what comes of it."""
    peer.say(case.data)
    if case.kind == "stream_error":
        ending = await peer.until_closed()
        assert f"<{case.expected} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>".encode() in ending, case
    elif case.kind == "sasl_failure":
        await peer.until(f"<{case.expected}/></failure>".encode())
    else:
        peer.say(f"<message from='a@{PARTNER}' to='b@{DOMAIN}' id='next'/>".encode())
        if case.kind == "forwarded":
            assert await bob.receive() == case.expected, case
        assert "id='next'" in await bob.receive(), case


async def test_each_is_refused_as_the_corpus_says_and_the_gateway_serves_on(world: World) -> None:
    settings = world.settings(DOMAIN, 1)
    host = world.addresses[DOMAIN]
    async with (
        world.gateway(settings, world.pki.issue([DOMAIN]), PARTNER) as gateway,
        connect_component(DOMAIN, SECRET, host) as bob,
    ):
        for case in CASES:
            if case.at == "component":
                continue
            peer = await reach(case, host, gateway, world)
            await verify(case, peer, bob)
            await peer.close()
        await eventually(lambda: not gateway.hub.inbound)
        assert gateway.hub.dialling.registry.held == 0
        assert len(gateway.hub.dialling.registry) == 1  # the component


async def test_a_home_system_that_has_gone_astray_is_told_and_comes_back(world: World) -> None:
    settings = world.settings(DOMAIN, 1)
    host = world.addresses[DOMAIN]
    async with world.gateway(settings, world.pki.issue([DOMAIN]), PARTNER) as gateway:
        for case in CASES:
            if case.at != "component":
                continue
            async with connect_component(DOMAIN, SECRET, host) as component:
                await component.send(case.data.decode())
                if case.kind == "stream_error":
                    assert f"<{case.expected} " in await component.read_to_end(), case
                else:
                    assert f"<{case.expected} " in await component.receive(), case
            await eventually(lambda: not gateway.hub.components)
