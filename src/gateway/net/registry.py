"""Which sockets are open, so that an end can wait for theirs; and what they hold, so that memory has a bound."""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Protocol

logger = logging.getLogger(__name__)

MAX_HELD: Final = 64 * 1024 * 1024


class Cuttable(Protocol):
    """A connection that can be cut."""

    def abort(self) -> None:
        """Cut it."""
        ...

    def cut_off(self) -> None:
        """End it now because it holds too much, and say so if that can be said."""
        ...


class ConnectionRegistry:
    """Every connection from the moment its socket is open until it is gone, with the octets held for it.

    Held are octets that came and are not read yet (the beginning of a stanza, for the most part), and octets that the
    peer does not take. Each has its own bound; when all of them together pass :data:`MAX_HELD`, the connection that
    holds most has to go.
    """

    def __init__(self) -> None:
        """Know of none."""
        self._open: dict[Cuttable, int] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self.held = 0
        """Octets held for all of them."""

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Cuttable) -> None:
        """Take note that its socket is open."""
        self._open[connection] = 0
        self._empty.clear()

    def discard(self, connection: Cuttable) -> None:
        """Take note that its socket is gone."""
        self.held -= self._open.pop(connection, 0)
        if not self._open:
            self._empty.set()

    def account(self, connection: Cuttable, held: int) -> None:
        """Take note of how much is held for ``connection`` now; end whoever holds most if that is too much in all."""
        if connection not in self._open:
            return
        self.held += held - self._open[connection]
        self._open[connection] = held
        if self.held > MAX_HELD:
            largest = max(self._open, key=self._open.__getitem__)
            logger.warning("too much is held: cutting off the largest", extra={"held": self._open[largest]})
            self.held -= self._open[largest]
            self._open[largest] = 0
            largest.cut_off()

    async def wait_gone(self, limit: float) -> None:
        """Wait until all are gone; after ``limit`` seconds cut those that are left and wait for their end."""
        try:
            async with asyncio.timeout(limit):
                await self._empty.wait()
        except TimeoutError:
            for connection in tuple(self._open):
                connection.abort()
            await self._empty.wait()
