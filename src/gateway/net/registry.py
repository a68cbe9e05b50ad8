"""Which sockets are open, so that an end can wait for theirs."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Cuttable(Protocol):
    """A connection that can be cut."""

    def abort(self) -> None:
        """Cut it."""
        ...


class ConnectionRegistry:
    """Every connection from the moment its socket is open until it is gone."""

    def __init__(self) -> None:
        """Know of none."""
        self._open: set[Cuttable] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Cuttable) -> None:
        """Take note that its socket is open."""
        self._open.add(connection)
        self._empty.clear()

    def discard(self, connection: Cuttable) -> None:
        """Take note that its socket is gone."""
        self._open.discard(connection)
        if not self._open:
            self._empty.set()

    async def wait_gone(self, limit: float) -> None:
        """Wait until all are gone; after ``limit`` seconds cut those that are left and wait for their end."""
        try:
            async with asyncio.timeout(limit):
                await self._empty.wait()
        except TimeoutError:
            for connection in tuple(self._open):
                connection.abort()
            await self._empty.wait()
