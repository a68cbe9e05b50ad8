"""The partner and the home component of ``bench.s2s``: they send, receive and count; the server between is measured."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bench.measuring import BenchError, Series
from bench.talking import BUFFER, S2S_PORT, STREAMS, Talk, client_context, connect_component

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PATIENCE: Final = 120.0
BODY: Final = 150
"""Octets of a message's body; the whole message has about 300 on the wire."""
WRITE: Final = 50
"""Messages in one write: what a busy peer puts into one TLS record or two."""
_END: Final = b"</message>"
_HEADER: Final = re.compile(rb"<stream:stream[^>]*>")
_OFFER_TLS: Final = (
    b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"
)
_OFFER_EXTERNAL: Final = (
    b"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism>"
    b"</mechanisms></stream:features>"
)
_STARTTLS: Final = re.compile(rb"<starttls[^>]*>")
_AUTH: Final = re.compile(rb"<auth[^>]*/>|</auth>")


def build_message(sender: str, to: str, number: int) -> bytes:
    """Give a chat message as clients send them: an id, a body, a receipt asked for."""
    body = f"{number} ".ljust(BODY, "x")
    return (
        f"<message from='{sender}' to='{to}' type='chat' id='m{number}'><body>{body}</body>"
        f"<request xmlns='urn:xmpp:receipts'/></message>"
    ).encode()


@dataclass
class Counter:
    """Counts the messages that a connection brings, and lets one wait for a number of them."""

    received: int = 0
    _left: bytes = b""
    _wanted: int = 0
    _reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self, talk: Talk) -> None:
        """Count until the connection ends."""
        self._take(talk.taken())
        while data := await talk.reader.read(BUFFER):
            self._take(data)

    async def wait_for(self, number: int) -> None:
        """Wait until ``number`` messages were received in all.

        Raises:
            BenchError: they did not come.
        """
        self._wanted = number
        self._reached.clear()
        if self.received < number:
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._reached.wait()
            except TimeoutError:
                message = f"of {number} messages {self.received} arrived"
                raise BenchError(message) from None

    def _take(self, data: bytes) -> None:
        # The end of a message may be cut by the end of what was read; nine octets of the last piece are enough.
        data = self._left + data
        self.received += data.count(_END)
        self._left = data[-(len(_END) - 1) :]
        if self.received >= self._wanted:
            self._reached.set()


@dataclass(frozen=True)
class Subject:
    """A server that is measured: the component ``domain`` at ``address``, and the partner that federates with it."""

    name: str
    address: str
    domain: str
    secret: str
    partner: str
    partner_address: str
    certificate: Path
    key: Path

    def partner_context(self) -> ssl.SSLContext:
        """Give the context that the partner dials with."""
        context = client_context()
        context.load_cert_chain(self.certificate, self.key)
        return context

    async def open_stream(self, context: ssl.SSLContext, *, limit: int = 65536) -> Talk:
        """Give an authenticated stream from the partner."""
        talk = await Talk.open(self.address, S2S_PORT, limit=limit)
        await talk.authenticate(self.domain, context, self.partner)
        return talk

    @asynccontextmanager
    async def component(self) -> AsyncIterator[tuple[Talk, Counter]]:
        """Give the home component and what counts its messages."""
        talk = await connect_component(self.address, self.domain, self.secret)
        counter = Counter()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(counter.follow(talk), name="component")
            try:
                yield talk, counter
            finally:
                task.cancel()
                talk.close()

    @asynccontextmanager
    async def partner_server(self) -> AsyncIterator[Counter]:
        """Let the partner listen for streams and count what they bring."""
        counter = Counter()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)

        talks, ended = set[Talk](), asyncio.Event()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            talk = Talk(reader, writer)
            talks.add(talk)
            ended.clear()
            try:
                await self._receive(talk, context)
                await counter.follow(talk)
            except (ConnectionError, ssl.SSLError):
                return
            finally:
                talk.close()
                talks.discard(talk)
                if not talks:
                    ended.set()

        server = await asyncio.start_server(accept, self.partner_address, S2S_PORT, limit=BUFFER)
        async with server:
            yield counter
            server.close()
            for talk in tuple(talks):
                talk.close()
            await ended.wait()

    async def _receive(self, talk: Talk, context: ssl.SSLContext) -> None:
        """Play the receiving entity as far as an authenticated stream; whoever dials is believed."""
        await self._answer_header(talk, _OFFER_TLS)
        await talk.until(_STARTTLS)
        talk.writer.write(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        await talk.writer.start_tls(context)
        await self._answer_header(talk, _OFFER_EXTERNAL)
        await talk.until(_AUTH)
        talk.writer.write(b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")
        await self._answer_header(talk, b"<stream:features/>")

    async def _answer_header(self, talk: Talk, features: bytes) -> None:
        await talk.until(_HEADER)
        talk.writer.write(
            f"<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='{STREAMS}' id='b{id(talk):x}' "
            f"from='{self.partner}' to='{self.domain}' version='1.0'>".encode()
            + features
        )


async def send_messages(talk: Talk, sender: str, to: str, count: int) -> None:
    """Send ``count`` messages as fast as the other side takes them."""
    for begin in range(0, count, WRITE):
        end = min(begin + WRITE, count)
        talk.writer.write(b"".join(build_message(sender, to, number) for number in range(begin, end)))
        await talk.writer.drain()


async def send_inbound(subject: Subject, count: int) -> None:
    """Send ``count`` messages over one stream from the partner to the component, and see all of them arrive."""
    async with subject.component() as (_component, counter):
        talk = await subject.open_stream(subject.partner_context())
        await send_messages(talk, f"alice@{subject.partner}/desk", f"bob@{subject.domain}", count)
        await counter.wait_for(count)
        talk.close()


@asynccontextmanager
async def outbound_ready(subject: Subject) -> AsyncIterator[tuple[Talk, Counter]]:
    """Give the component and the partner's counter, once a first message has opened the stream between them."""
    async with subject.partner_server() as counter, subject.component() as (component, _):
        component.writer.write(build_message(f"bob@{subject.domain}", f"alice@{subject.partner}", 0))
        await counter.wait_for(1)
        yield component, counter


async def send_outbound(subject: Subject, component: Talk, counter: Counter, count: int) -> None:
    """Send ``count`` messages from the component to the partner, and see all of them arrive."""
    before = counter.received
    await send_messages(component, f"bob@{subject.domain}", f"alice@{subject.partner}", count)
    await counter.wait_for(before + count)


async def open_streams(subject: Subject, count: int, at_a_time: int) -> list[Talk]:
    """Open ``count`` authenticated streams, so many at a time."""
    context, gate, streams = subject.partner_context(), asyncio.Semaphore(at_a_time), list[Talk]()

    async def open_one() -> None:
        async with gate:
            streams.append(await subject.open_stream(context))

    async with asyncio.timeout(600), asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(open_one(), name=f"stream {number}")
    return streams


async def measure_latency(subject: Subject, count: int, pause: float) -> Series:
    """Send one message at a time from the partner and time it until the component has it."""
    series = Series("one message")
    async with subject.component() as (_component, counter):
        talk = await subject.open_stream(subject.partner_context())
        for number in range(count):
            begun = time.perf_counter()
            talk.writer.write(build_message(f"alice@{subject.partner}/desk", f"bob@{subject.domain}", number))
            await counter.wait_for(number + 1)
            series.add((time.perf_counter() - begun) * 1000)
            await asyncio.sleep(pause)
        talk.close()
    return series
