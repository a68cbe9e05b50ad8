"""The listener that answers ACME http-01 for edgecert (RFC 8555 §8.3): tokens of the moment, and nothing else."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final, cast

from typing_extensions import override

from edgecert.shared.errors import ControlError
from edgecert.shared.http01 import PREFIX, is_whole, respond

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from edgecert.shared.clock import Clock

LIFETIME: Final = 3600.0
"""Seconds that a token is kept: far longer than a CA takes to look, for a caller that died meanwhile."""
MOST_TOKENS: Final = 1000
MOST_CONNECTIONS: Final = 256
REQUEST_TIMEOUT: Final = 10.0

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")  # base64url, RFC 8555 §8.3
_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{1,256}\.[A-Za-z0-9_-]{1,128}")  # RFC 8555 §8.1: token.thumbprint


class TokenTable:
    """The tokens that are answered for, bounded in number and time."""

    def __init__(self, clock: Clock) -> None:
        """Begin with none."""
        self._clock = clock
        self._until: dict[str, float] = {}
        self._answers: dict[str, str] = {}
        self.connections: dict[asyncio.Transport, None] = {}
        """Those that are open, the oldest first."""

    def __len__(self) -> int:
        """Give how many tokens are known."""
        self._expire()
        return len(self._until)

    def add(self, tokens: Mapping[str, str]) -> None:
        """Answer for ``tokens`` (token and key authorization), all of them or none.

        Raises:
            ControlError: ``bad-call``, what no CA would ask for; ``http01-full``, too many.
        """
        for token, value in tokens.items():
            if not _TOKEN.fullmatch(token) or not _VALUE.fullmatch(value) or value.partition(".")[0] != token:
                message = "tokens: a token is base64url, and its value is the token, a dot, and a thumbprint"
                raise ControlError(message, code="bad-call", hint="see RFC 8555, section 8.1")
        self._expire()
        if len(self._until.keys() | tokens.keys()) > MOST_TOKENS:
            message = f"{MOST_TOKENS} tokens are known already"
            raise ControlError(message, code="http01-full", hint="wait for the runs that set them, or for an hour")
        until = self._clock.monotonic() + LIFETIME
        self._until |= dict.fromkeys(tokens, until)
        self._answers |= {PREFIX + token: value for token, value in tokens.items()}

    def forget(self, tokens: Iterable[str]) -> int:
        """Answer no more for ``tokens``; give how many of them were known."""
        for token in (known := [token for token in tokens if token in self._until]):
            del self._until[token], self._answers[PREFIX + token]
        return len(known)

    def answers(self) -> Mapping[str, str]:
        """Give what is answered, by path."""
        self._expire()
        return self._answers

    def _expire(self) -> None:
        now = self._clock.monotonic()
        self.forget([token for token, until in self._until.items() if until <= now])


class Http01Connection(asyncio.Protocol):
    """One request and its answer; whoever is slow or long is cut off, and of too many the slowest."""

    def __init__(self, table: TokenTable) -> None:
        """Answer from ``table``."""
        self._table = table
        self._head = b""
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of asyncio.Transport without being one.
        transport = cast("asyncio.Transport", transport)
        connections = self._table.connections
        if len(connections) >= MOST_CONNECTIONS:
            # The slowest has to go: a CA asks at once, and is not to be kept out by those who connect and say nothing.
            oldest = next(iter(connections))
            del connections[oldest]
            oldest.abort()
        self._transport = transport
        connections[transport] = None
        self._deadline = asyncio.get_running_loop().call_later(REQUEST_TIMEOUT, transport.abort)

    @override
    def data_received(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._head += data
        if is_whole(self._head):
            self._transport.write(respond(self._head, self._table.answers()))
            self._transport.close()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        if self._transport is not None:
            self._table.connections.pop(self._transport, None)
            self._transport = None
