"""A component in a few lines: what a home system says to the gateway (XEP-0114), down to the bytes."""

from __future__ import annotations

import asyncio
import hashlib
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WAIT = 60.0
_STANZA = re.compile(r"<(message|iq|presence)\b[^>]*?(?:/>|>.*?</\1>)", re.DOTALL)


class Component:
    """A connected component; stanzas are text."""

    def __init__(self, domain: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Use :func:`connect_component`."""
        self.domain = domain
        self._reader = reader
        self._writer = writer
        self._text = ""

    async def handshake(self, secret: str) -> str:
        """Show the secret and give the gateway's answer."""
        opened = await self.say_header(r"<stream:stream[^>]*>")
        stream_id = re.search(r"\bid=['\"]([^'\"]+)", opened)
        if stream_id is None:
            message = f"no stream id in {opened!r}"
            raise AssertionError(message)
        digest = hashlib.sha1((stream_id.group(1) + secret).encode(), usedforsecurity=False).hexdigest()
        self._writer.write(f"<handshake>{digest}</handshake>".encode())
        return await self._until(r"<handshake\s*/>|</stream:stream>")

    async def say_header(self, pattern: str = r"</stream:stream>") -> str:
        """Open the stream and give the answer as far as ``pattern``; by default to the end."""
        header = (
            f"<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' "
            f"to='{self.domain}'>"
        )
        self._writer.write(header.encode())
        return await self._until(f"^.*?{pattern}")

    async def read_to_end(self) -> str:
        """Give everything up to the end of the stream."""
        return await self._until(r"^.*</stream:stream>")

    async def send(self, stanza: str) -> None:
        """Send a stanza."""
        self._writer.write(stanza.encode())
        async with asyncio.timeout(WAIT):
            await self._writer.drain()

    async def message(self, sender: str, to: str, body: str) -> None:
        """Send a chat message."""
        await self.send(f"<message from='{sender}' to='{to}' type='chat' id='{body}'><body>{body}</body></message>")

    async def receive(self) -> str:
        """Give the next stanza."""
        return await self._until(_STANZA.pattern)

    async def receive_matching(self, pattern: str) -> str:
        """Give the next stanza in which ``pattern`` is found; those before are passed over."""
        while re.search(pattern, stanza := await self.receive()) is None:
            pass
        return stanza

    async def receive_bodies(self, count: int) -> list[str]:
        """Give the bodies of the next ``count`` messages."""
        bodies: list[str] = []
        while len(bodies) < count:
            stanza = await self.receive()
            body = re.search(r"<body>(.*?)</body>", stanza)
            bodies.append(body.group(1) if body else stanza)
        return bodies

    async def close(self) -> None:
        """Say the end and wait for the other."""
        self._writer.write(b"</stream:stream>")
        self._writer.close()
        await self._writer.wait_closed()

    async def _until(self, pattern: str) -> str:
        async with asyncio.timeout(WAIT):
            while (found := re.search(pattern, self._text, re.DOTALL)) is None:
                data = await self._reader.read(65536)
                if not data:
                    message = f"{self.domain}: closed while waiting for {pattern!r}; left: {self._text!r}"
                    raise ConnectionResetError(message)
                self._text += data.decode()
        self._text = self._text[found.end() :]
        return found.group(0)


@asynccontextmanager
async def connect_component(domain: str, secret: str, host: str, port: int = 5347) -> AsyncIterator[Component]:
    """Connect and authenticate; close in the end."""
    reader, writer = await asyncio.open_connection(host, port)
    component = Component(domain, reader, writer)
    try:
        answer = await component.handshake(secret)
        if "<handshake" not in answer:
            message = f"the gateway refused the component: {answer}"
            raise AssertionError(message)
        yield component
    finally:
        await component.close()
