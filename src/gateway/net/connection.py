"""A socket, perhaps TLS, and a stream that does no I/O, joined: what all kinds of connections share."""

from __future__ import annotations

import asyncio
import logging
import socket
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar, cast

from typing_extensions import override

from gateway.errors import Condition
from gateway.tls.channel import TlsFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgecert.shared.clock import Clock
    from gateway.net.registry import ConnectionRegistry
    from gateway.tls.channel import TlsChannel

logger = logging.getLogger(__name__)

READ_STEP: Final = 65536
WRITE_HIGH: Final = 262_144
MAX_UNREAD: Final = 262_144
MAX_UNSENT: Final = 1024 * 1024
CLOSE_TIMEOUT: Final = 30.0
LINGER_TIMEOUT: Final = 5.0
DEAD_AFTER_MS: Final = 60_000

# One buffer for all: the loop fills it and calls `buffer_updated` before it asks for another one.
_BUFFER: Final = memoryview(bytearray(READ_STEP))

EventT_co = TypeVar("EventT_co", covariant=True)


class Machine(Protocol[EventT_co]):
    """What every stream without I/O can do."""

    @property
    def closed(self) -> bool:
        """Whether the stream has ended."""
        ...

    @property
    def held(self) -> int:
        """How many octets came and were not read yet."""
        ...

    @property
    def max_held(self) -> int:
        """How many it needs to hold for the largest stanza."""
        ...

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the peer."""
        ...

    def receive_eof(self) -> None:
        """Take note that the connection is gone."""
        ...

    def events_received(self) -> Sequence[EventT_co]:
        """Give what happened since the last call."""
        ...

    def data_to_send(self) -> bytes:
        """Give what is to be written."""
        ...

    def close(self, condition: Condition | None = None, text: str = "") -> None:
        """End the stream; called again, give up waiting for the peer."""
        ...

    def ping(self) -> None:
        """Send white space."""
        ...

    def rest(self) -> bool:
        """Need less memory until the peer says something; say whether any was freed now."""
        ...


EventT = TypeVar("EventT")


class Connection(asyncio.BufferedProtocol, ABC, Generic[EventT]):
    """Feeds what arrives to the stream, hands its events to :meth:`handle`, writes once per turn of the loop."""

    # Thousands of them are idle at a time, and a dictionary for each would be a third of what Python keeps of one.
    __slots__ = (
        "_closing",
        "_deadline",
        "_ending",
        "_flush_due",
        "_held",
        "_loop",
        "_registry",
        "_transport",
        "clock",
        "congested",
        "last_received",
        "last_sent",
        "last_stanza",
        "local_address",
        "machine",
        "opened_at",
        "peer_address",
        "peer_port",
        "stanzas_in",
        "stanzas_out",
        "tls",
        "tls_begun_at",
    )
    max_unsent = MAX_UNSENT
    """How much may wait for a peer that does not take it; 0: only the bound of all connections holds."""

    def __init__(self, stream: Machine[EventT], clock: Clock, registry: ConnectionRegistry) -> None:
        """Join ``stream`` to the socket that will be connected; ``registry`` knows it while the socket is open."""
        self.machine = stream
        self.clock = clock
        self._registry = registry
        self.tls: TlsChannel | None = None
        self.peer_address = ""
        self.peer_port = 0
        self.local_address = ""
        self.congested = False
        """Whether the peer takes its data more slowly than we have it."""
        self.opened_at = self.last_received = self.last_sent = clock.monotonic()
        self.tls_begun_at = 0.0
        self.stanzas_in = 0
        self.stanzas_out = 0
        self.last_stanza = self.opened_at
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._flush_due = False
        self._ending = False
        self._closing = False
        self._deadline: asyncio.TimerHandle | None = None
        self._held = 0

    # --- what a kind of connection adds

    @abstractmethod
    def handle(self, event: EventT) -> None:
        """Do what the stream's event asks for."""

    def on_connected(self) -> None:
        """Do what begins with the connection."""
        self.process()

    def on_tls_up(self, tls: TlsChannel) -> None:
        """Tell the stream that TLS is up."""

    def on_tls_failed(self, reason: str) -> None:
        """Take note that TLS failed; the connection ends."""

    def on_writable(self) -> None:
        """Take note that the peer takes data again."""

    def on_lost(self) -> None:
        """Take note that the connection is gone, after all events were handled."""

    # --- what others call

    @property
    def closing(self) -> bool:
        """Whether its end was asked for."""
        return self._closing

    def close(self, condition: Condition | None = None, text: str = "") -> None:
        """End in good order: our end of stream, what the peer still sends, its end; after 30 seconds without it.

        Asked for again, good order goes on: what the peer has under way is still read. Only a fault cuts it short.
        """
        if self.machine.closed or (self._closing and condition is None):
            return
        self._closing = True
        self.machine.close(condition, text)
        self.process()
        if not self.machine.closed:
            self.arm(CLOSE_TIMEOUT, self._give_up)

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    def cut_off(self) -> None:
        """End now because too much is held for the peer, and say so if it still listens."""
        if self._unsent > WRITE_HIGH:
            self.abort()
            return
        if not self.machine.closed:
            self.machine.close(Condition.RESOURCE_CONSTRAINT, "too much was sent that cannot be read yet")
        if not self.machine.closed:
            self.machine.close()
        self.process()

    def pause_reading(self) -> None:
        """Take nothing more from the peer until :meth:`resume_reading`."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take data from the peer again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def process(self) -> None:
        """Handle the stream's events, and see that what it has to say is written before the loop waits again."""
        while events := self.machine.events_received():
            for event in events:
                self.handle(event)
        self.wake()

    def wake(self) -> None:
        """Write what the stream has to say, together with everything else said in this turn of the loop."""
        if not self._flush_due:
            self._flush_due = True
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what the stream has to say, now."""
        self._flush_due = False
        if self._transport is None or self._ending:
            return
        tls = self.tls
        if tls is None:
            self._write(self.machine.data_to_send())
        elif tls.handshake_done and (data := self.machine.data_to_send()):
            try:
                tls.send(data)
            except TlsFailedError as error:
                self.on_tls_failed(error.reason)
                self.abort()
                return
            self._write(tls.data_to_send())
        if self.machine.closed:
            self._finish(self._transport)
        self._account()

    def begin_tls(self, channel: TlsChannel) -> None:
        """Write in the clear what is left to say, then give every byte to TLS."""
        self._write(self.machine.data_to_send())
        self.tls = channel
        self.tls_begun_at = self.clock.monotonic()
        self._write(channel.data_to_send())

    # --- asyncio

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of asyncio.Transport without being one.
        transport = cast("asyncio.Transport", transport)
        self._transport = transport
        self._registry.add(self)
        transport.set_write_buffer_limits(high=WRITE_HIGH)
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in {socket.AF_INET, socket.AF_INET6}:
            # Small replies would wait for the peer's delayed acknowledgement.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # What the peer's host does not acknowledge for a minute tells that it is gone (RFC 5482).
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_AFTER_MS)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.peer_address, self.peer_port = _address(transport.get_extra_info("peername"))
        self.local_address, _port = _address(transport.get_extra_info("sockname"))
        self.on_connected()

    @override
    def get_buffer(self, sizehint: int) -> memoryview:
        return _BUFFER

    @override
    def buffer_updated(self, nbytes: int) -> None:
        if self._ending or self.machine.closed:
            return
        data = bytes(_BUFFER[:nbytes])
        self.last_received = self.clock.monotonic()
        if self.tls is None:
            self.machine.receive_data(data)
        else:
            self._take_ciphertext(self.tls, data)
        self.process()
        self._account()

    @override
    def eof_received(self) -> bool:
        self._take_eof()
        self.flush()
        return False

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._ending = True
        self.disarm()
        self._take_eof()
        self._transport = None
        self.on_lost()
        self._registry.discard(self)

    @override
    def pause_writing(self) -> None:
        self.congested = True

    @override
    def resume_writing(self) -> None:
        self.congested = False
        self._account()
        self.on_writable()

    # --- machinery

    @property
    def _unsent(self) -> int:
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def _account(self) -> None:
        """Say what is held for this peer, and end it where that is more than any peer needs."""
        machine, unsent = self.machine, self._unsent
        unread = 0 if machine.closed else machine.held
        if unread + unsent != self._held:
            self._held = unread + unsent
            self._registry.account(self, self._held)
        if unread > max(MAX_UNREAD, machine.max_held) or (self.max_unsent and unsent > self.max_unsent):
            logger.warning("too much is held for one peer", extra={"peer": self.peer_address, "held": self._held})
            self.cut_off()

    def _take_ciphertext(self, tls: TlsChannel, data: bytes) -> None:
        begun = tls.handshake_done
        try:
            tls.receive_data(data)
            if not tls.handshake_done:
                self._write(tls.data_to_send())
                return
            if not begun:
                self._write(tls.data_to_send())
                self.on_tls_up(tls)
            while plaintext := tls.read(READ_STEP):
                if not self.machine.closed:
                    self.machine.receive_data(plaintext)
            # What TLS itself answers (that it shakes hands but once) must not pile up until the stream says something.
            self._write(tls.data_to_send())
        except TlsFailedError as error:
            self._write(tls.data_to_send())
            self.on_tls_failed(error.reason)
            self.machine.receive_eof()
            return
        if tls.eof:
            self.machine.receive_eof()

    def _take_eof(self) -> None:
        if not self.machine.closed:
            self.machine.receive_eof()
        self.process()

    def _write(self, data: bytes) -> None:
        if data and self._transport is not None:
            self.last_sent = self.clock.monotonic()
            self._transport.write(data)

    def _finish(self, transport: asyncio.Transport) -> None:
        """Say that nothing more comes, and wait a little for the peer to do so too.

        A close with data unread would make the kernel send a reset, which takes our last words with it.
        """
        self._ending = True
        if self.tls is not None:
            self.tls.shutdown()
            self._write(self.tls.data_to_send())
        self.arm(LINGER_TIMEOUT, self.abort)
        if not transport.is_closing():
            transport.resume_reading()
            with suppress(OSError):  # the peer may have cut the connection already
                transport.write_eof()

    def _give_up(self) -> None:
        self.machine.close()
        self.process()

    def arm(self, delay: float, action: Callable[[], None]) -> None:
        """Do ``action`` after ``delay`` seconds, in place of what was due."""
        self.disarm()
        self._deadline = self._loop.call_later(delay, action)

    def disarm(self) -> None:
        """Let nothing be due."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _address(name: object) -> tuple[str, int]:
    """Give address and port of a socket name; nothing for a socket that has none."""
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) else ("", 0)
