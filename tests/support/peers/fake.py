"""A server that says what a test tells it to, over real sockets: for what no real peer can be made to do.

A conversation is a play: ``expect`` waits for a pattern of what the gateway says, ``say`` answers.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tests.support.pki import Issued

WAIT: Final = 60.0
STARTTLS: Final = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
EXTERNAL: Final = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism></mechanisms>"
DIALBACK: Final = "<dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback>"

BIDI: Final = "<bidi xmlns='urn:xmpp:features:bidi'/>"


class Conversation:
    """One connection with the gateway, from either side."""

    def __init__(self, domain: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak for ``domain``."""
        self.domain = domain
        self._reader = reader
        self._writer = writer
        self._text = ""

    def say(self, *parts: str) -> None:
        """Send text."""
        self._writer.write("".join(parts).encode())

    def say_header(self, to: str, id_: str = "", *, dialback: bool = True) -> None:
        """Send a stream header; one that answers another has an ``id``."""
        declared = " xmlns:db='jabber:server:dialback'" if dialback else ""
        said = f" id='{id_}'" if id_ else ""
        self.say(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:server' "
            f"xmlns:stream='http://etherx.jabber.org/streams'{declared}{said} from='{self.domain}' to='{to}' "
            "version='1.0'>"
        )

    def say_features(self, *features: str) -> None:
        """Send stream features."""
        self.say("<stream:features>", *features, "</stream:features>")

    def say_dialback(
        self, kind: str, to: str, inner: str = "", *, from_: str = "", id_: str = "", type_: str = ""
    ) -> None:
        """Send a dialback element."""
        attributes = (("from", from_ or self.domain), ("to", to), ("id", id_), ("type", type_))
        said = "".join(f" {name}='{value}'" for name, value in attributes if value)
        self.say(f"<db:{kind} xmlns:db='jabber:server:dialback'{said}>{inner}</db:{kind}>")

    async def expect(self, pattern: str) -> re.Match[str]:
        """Give the next place that fits ``pattern``; what came before it is passed over.

        Raises:
            ConnectionResetError: the gateway hung up first; the text has what it said.
        """
        async with asyncio.timeout(WAIT):
            while (found := re.search(pattern, self._text, re.DOTALL)) is None:
                data = await self._reader.read(65536)
                if not data:
                    message = f"{self.domain}: closed while waiting for {pattern!r}; left: {self._text!r}"
                    raise ConnectionResetError(message)
                self._text += data.decode()
        self._text = self._text[found.end() :]
        return found

    async def expect_header(self) -> str:
        """Wait for the gateway's stream header and give its id; where it names one of our domains, speak for that."""
        header = (await self.expect(r"<stream:stream [^>]*>"))[0]
        to, id_ = re.search(r" to='([^']*)'", header), re.search(r" id='([^']*)'", header)
        if to and not id_:
            self.domain = to[1]
        return id_[1] if id_ else ""

    async def expect_end(self) -> str:
        """Give all that the gateway still says until it hangs up."""
        async with asyncio.timeout(WAIT):
            rest = self._text + (await self._reader.read()).decode()
        self._text = ""
        return rest

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Let TLS begin, on the side that the connection came from."""
        await self._writer.start_tls(context)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


@dataclass(slots=True)
class FakeServer:
    """The server of ``domain`` at ``address``; each connection is played by ``play``, in a task of its own."""

    domain: str
    address: str
    certificate: Path
    key: Path
    faults: list[BaseException] = field(default_factory=list)

    @classmethod
    def of(cls, domain: str, address: str, directory: Path, issued: Issued) -> FakeServer:
        """Give the server with its certificate written below ``directory``."""
        return cls(domain, address, *issued.write(directory / domain))

    def context(self, *, server: bool) -> ssl.SSLContext:
        """Give a TLS context that shows our certificate and believes any."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.load_cert_chain(self.certificate, self.key)
        return context

    @asynccontextmanager
    async def serve(self, play: Callable[[Conversation], Awaitable[None]]) -> AsyncIterator[None]:
        """Answer on port 5269 while the context lasts; what a play did not survive is raised at its end."""

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await play(Conversation(self.domain, reader, writer))
            except (AssertionError, OSError, TimeoutError) as error:
                self.faults.append(error)
            finally:
                writer.close()

        server = await asyncio.start_server(accept, self.address, 5269)
        async with server:
            yield
        if self.faults:
            raise self.faults[0]

    @asynccontextmanager
    async def connect(self, address: str, port: int = 5269) -> AsyncIterator[Conversation]:
        """Open a connection to the gateway."""
        reader, writer = await asyncio.open_connection(address, port, local_addr=(self.address, 0))
        try:
            yield Conversation(self.domain, reader, writer)
        finally:
            writer.close()
