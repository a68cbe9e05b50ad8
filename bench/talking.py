"""What the drivers of the server-to-server figures say and wait for: a partner and a component in a few lines."""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl
from typing import Final

STREAMS: Final = "http://etherx.jabber.org/streams"
FEATURES: Final = re.compile(rb"<stream:features\s*/>|</stream:features>")
PROCEED: Final = re.compile(rb"<proceed[^>]*>")
SUCCESS: Final = re.compile(rb"<success[^>]*>")
OPENED: Final = re.compile(rb"<stream:stream[^>]*\bid=['\"]([^'\"]+)['\"][^>]*>")
HANDSHAKE: Final = re.compile(rb"<handshake[^>]*>")
STARTTLS: Final = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
EXTERNAL: Final = b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>"
BUFFER: Final = 1024 * 1024
COMPONENT_PORT: Final = 5347
S2S_PORT: Final = 5269


class Talk:
    """One connection: what was read and not yet used, and a way to wait for a pattern."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Use :meth:`open`."""
        self.reader, self.writer = reader, writer
        self._data = b""

    @classmethod
    async def open(cls, host: str, port: int, *, limit: int = 65536) -> Talk:
        """Connect; ``limit`` is how much is read ahead."""
        return cls(*await asyncio.open_connection(host, port, limit=limit))

    async def until(self, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
        """Give what matches ``pattern``, once it has come."""
        while (found := pattern.search(self._data)) is None:
            piece = await self.reader.read(65536)
            if not piece:
                message = f"closed while waiting for {pattern.pattern.decode()}: {self._data[-300:].decode()}"
                raise ConnectionResetError(message)
            self._data += piece
        self._data = self._data[found.end() :]
        return found

    def taken(self) -> bytes:
        """Give what was read and is left, and forget it."""
        data, self._data = self._data, b""
        return data

    async def start_tls(self, home: str, context: ssl.SSLContext, sender: str) -> None:
        """Open the stream (with ``from`` if there is a ``sender``) up to the end of the TLS handshake."""
        self.writer.write(build_header(home, sender))
        await self.until(FEATURES)
        self.writer.write(STARTTLS)
        await self.until(PROCEED)
        await self.writer.start_tls(context, server_hostname=home)

    async def authenticate(self, home: str, context: ssl.SSLContext, sender: str) -> None:
        """Open the stream whole: STARTTLS, then SASL EXTERNAL for ``sender``."""
        await self.start_tls(home, context, sender)
        self.writer.write(build_header(home, sender))
        await self.until(FEATURES)
        self.writer.write(EXTERNAL)
        await self.until(SUCCESS)
        self.writer.write(build_header(home, sender))
        await self.until(FEATURES)

    def close(self) -> None:
        """Cut the connection."""
        self.writer.transport.abort()


def build_header(home: str, sender: str) -> bytes:
    """Give a stream header to ``home``; an empty ``sender`` is left out."""
    origin = f" from='{sender}'" if sender else ""
    return (
        f"<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='{STREAMS}' to='{home}'{origin}"
        f" version='1.0'>"
    ).encode()


async def connect_component(address: str, domain: str, secret: str, *, limit: int = BUFFER) -> Talk:
    """Connect and authenticate as the component of ``domain`` (XEP-0114)."""
    talk = await Talk.open(address, COMPONENT_PORT, limit=limit)
    talk.writer.write(
        f"<stream:stream xmlns='jabber:component:accept' xmlns:stream='{STREAMS}' to='{domain}'>".encode()
    )
    stream_id = (await talk.until(OPENED)).group(1).decode()
    digest = hashlib.sha1((stream_id + secret).encode(), usedforsecurity=False).hexdigest()
    talk.writer.write(f"<handshake>{digest}</handshake>".encode())
    await talk.until(HANDSHAKE)
    return talk


def client_context() -> ssl.SSLContext:
    """Give a context that takes any certificate: which one is served is counted, not judged."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
