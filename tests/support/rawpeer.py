"""A partner's server as a test plays it: it says what the test wants, over our TLS or without."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from gateway.tls.channel import TlsChannel
from gateway.tls.context import build_contexts

if TYPE_CHECKING:
    from gateway.service import Gateway
    from tests.support.pki import Pki

DOMAIN = "contoso.example"
STARTTLS = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
EXTERNAL = b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>"


def header(from_: str = "") -> bytes:
    """Give a stream header to the home domain."""
    said = f" from='{from_}'" if from_ else ""
    return (
        f"<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
        f"to='{DOMAIN}'{said} version='1.0'>"
    ).encode()


class RawPeer:
    """A peer that says what a test wants."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak over a connection."""
        self._reader = reader
        self._writer = writer
        self._tls: TlsChannel | None = None
        self.text = b""

    def say(self, data: bytes) -> None:
        """Say ``data``."""
        if self._tls is None:
            self._writer.write(data)
            return
        self._tls.send(data)
        self._writer.write(self._tls.data_to_send())

    async def until(self, pattern: bytes) -> bytes:
        """Give what matches ``pattern``, once it has come."""
        async with asyncio.timeout(60):
            while (found := re.search(pattern, self.text, re.DOTALL)) is None:
                data = await self._reader.read(65536)
                assert data, f"closed; got {self.text!r}"
                self.text += self._decrypt(data)
        self.text = self.text[found.end() :]
        return found.group(0)

    async def until_closed(self) -> bytes:
        """Give all that is left to read."""
        async with asyncio.timeout(60):
            while data := await self._reader.read(65536):
                self.text += self._decrypt(data)
        return self.text

    async def shake_hands(self, channel: TlsChannel) -> None:
        """Begin TLS."""
        self._tls = channel
        self._writer.write(channel.data_to_send())
        async with asyncio.timeout(60):
            while not channel.handshake_done:
                self.text += self._decrypt(await self._reader.read(65536))

    def _decrypt(self, data: bytes) -> bytes:
        if self._tls is None:
            return data
        self._tls.receive_data(data)
        self._writer.write(self._tls.data_to_send())
        return self._tls.read()

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        await self._writer.wait_closed()

    async def drained(self) -> None:
        """Wait until the kernel has taken everything."""
        await self._writer.drain()


async def dial(host: str, port: int = 5269) -> RawPeer:
    """Connect to a gateway."""
    return RawPeer(*await asyncio.open_connection(host, port))


async def dial_tls(host: str, gateway: Gateway, pki: Pki, domain: str = "fabrikam.example") -> RawPeer:
    """Connect to a gateway as a server of ``domain``, as far as TLS."""
    peer = await dial(host)
    peer.say(header())
    await peer.until(rb"</stream:features>")
    peer.say(STARTTLS)
    await peer.until(rb"<proceed[^>]*>")
    issued = pki.issue([domain])
    contexts = build_contexts([issued.bundle()], domains=[domain], trust=gateway.certificates.slot.current.trust)
    await peer.shake_hands(TlsChannel.client(contexts, domain, DOMAIN))
    return peer


async def dial_authenticated(host: str, gateway: Gateway, pki: Pki, domain: str = "fabrikam.example") -> RawPeer:
    """Connect to a gateway as a server of the partner ``domain``, proved by certificate."""
    peer = await dial_tls(host, gateway, pki, domain)
    peer.say(header(domain))
    await peer.until(rb"</stream:features>")
    peer.say(EXTERNAL)
    await peer.until(rb"<success[^>]*>")
    peer.say(header(domain))
    await peer.until(rb"</stream:features>|<stream:features\s*/>")
    return peer
