from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.integration.gateway.conftest import SECRET
from tests.support.component import connect_component
from tests.support.dns import host_records

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import World

ALICE, BOB = "alice@contoso.example", "bob@fabrikam.example"


async def fail_against(world: World, answer: bytes) -> str:
    """Give why a stream fails to a server that says ``answer`` to our header and then nothing."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"version='1.0'>")
        writer.write(answer)
        await reader.read()
        writer.close()

    settings = world.settings("contoso.example", 1)
    world.zone.records.update(host_records("fabrikam.example", f"{world.net}2"))
    server = await asyncio.start_server(serve, f"{world.net}2", 5269)
    async with (
        server,
        world.gateway(settings, world.pki.issue(["contoso.example"]), "fabrikam.example") as gateway,
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
    ):
        await alice.message(ALICE, BOB, "x")
        assert "remote-server-timeout" in await alice.receive()
        (pair,) = gateway.hub.pairs.values()
        return str(pair.failure)


HEADER = (
    b"<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
    b"from='fabrikam.example' id='1' version='1.0'>"
)


async def test_a_server_without_tls_is_not_spoken_to(world: World) -> None:
    failure = await fail_against(world, HEADER + b"<stream:features/>")
    assert failure.startswith("tls-not-offered")


async def test_a_stream_error_is_told_with_its_words(world: World) -> None:
    error = (
        b"<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
        b"<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>not here</text></stream:error></stream:stream>"
    )
    assert await fail_against(world, HEADER + error) == "peer-stream-error: host-unknown: not here"


async def test_tls_that_fails_is_told_as_that(world: World) -> None:
    starttls = b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"version='1.0'>")
        writer.write(HEADER + starttls)
        await reader.readuntil(b"/>")
        writer.write(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        await reader.read(1)
        writer.write(b"this is no ServerHello" * 10)
        await reader.read()
        writer.close()

    settings = world.settings("contoso.example", 1)
    world.zone.records.update(host_records("fabrikam.example", f"{world.net}2"))
    server = await asyncio.start_server(serve, f"{world.net}2", 5269)
    async with (
        server,
        world.gateway(settings, world.pki.issue(["contoso.example"]), "fabrikam.example") as gateway,
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
    ):
        await alice.message(ALICE, BOB, "x")
        assert "remote-server-timeout" in await alice.receive()
        (pair,) = gateway.hub.pairs.values()
        assert str(pair.failure).startswith("tls-failed: ")
        assert b'handshakes_total{direction="outbound",outcome="failed"' in gateway.metrics.render()
