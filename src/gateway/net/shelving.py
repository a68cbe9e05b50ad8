"""The disk's part of one pair's queue: writing, reading back, forgetting, expiring. One step at a time.

The event loop never waits for the disk: a task of the service does the steps that are due, and ends when none is.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from edgecert.shared.errors import EdgecertError
from gateway.net.waiting import READ_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from edgecert.shared.clock import Clock
    from gateway.errors import StanzaCondition
    from gateway.net.pair import OutboundPair
    from gateway.net.waiting import Shelf

logger = logging.getLogger(__name__)

UNHEARD_FOR: Final = timedelta(minutes=10)


class Shelving:
    """Does the disk's work of one pair."""

    def __init__(self, pair: OutboundPair, shelf: Shelf | None, clock: Clock) -> None:
        """Work for ``pair``; without a shelf nothing is ever put on disk."""
        self._pair = pair
        self._shelf = shelf
        self._clock = clock
        self._room = pair.room
        self._verdict: tuple[StanzaCondition, str] | None = None
        self._failed = False
        self.busy = False
        self._turn = asyncio.Lock()

    @property
    def is_given_up(self) -> bool:
        """Whether all that lies on disk is to be answered, and nothing sent."""
        return self._verdict is not None

    def wake(self) -> None:
        """Do what is due."""
        if not self.busy and self._next_step() is not None:
            self.busy = True
            self._pair.spawn(self._work(), "queue")

    def retry(self) -> None:
        """Do what is due, also what failed a while ago."""
        self._failed = False
        self.wake()

    def give_up(self, condition: StanzaCondition, text: str) -> None:
        """Answer all that lies on disk with ``condition``."""
        if self._room.on_disk or self._room.is_writing:
            self._verdict = (condition, text)
            self.wake()

    async def put_away(self) -> None:
        """Write what is left in memory."""
        self._failed = False
        async with self._turn:
            while (step := self._next_step(leaving=True)) is not None and await self._do(step):
                pass

    async def _work(self) -> None:
        try:
            async with self._turn:
                while (step := self._next_step()) is not None and await self._do(step):
                    pass
        finally:
            self.busy = False
        self._pair.drain()

    async def _do(self, step: Callable[[Shelf], Awaitable[None]]) -> bool:
        if self._shelf is None:
            return False
        try:
            await step(self._shelf)
        except EdgecertError as error:
            # Everything is where it was; the next tick tries again.
            self._failed = True
            fields = {"home": self._pair.home, "domain": self._pair.domain, "why": error.message}
            logger.error("the queue on disk does not work", extra=fields)
            return False
        return True

    def _next_step(self, *, leaving: bool = False) -> Callable[[Shelf], Awaitable[None]] | None:
        room, pair = self._room, self._pair
        if self._shelf is None or self._failed:
            return None
        if room.ended:
            return self._forget
        # What a stream that still closes may give back is older than what waits here, and the disk's part comes first.
        is_down = pair.is_down and pair.connection is None and not pair.unacknowledged_in_memory
        belongs_on_disk = leaving or is_down
        if belongs_on_disk and room.disk_has_room and room.has_fresh(pair.may_keep):
            return self._write
        if leaving:
            return None
        if self._verdict is not None and pair.may_bounce:
            return self._answer_all
        if not pair.can_send:
            # The error waits until its home system is there to hear it, but not for ever.
            patience = timedelta() if pair.may_bounce else UNHEARD_FOR
            expiry = room.first_expiry
            return self._expire if expiry and expiry + patience <= self._clock.now() and room.unread else None
        return self._read if room.unread and not room.ready else None

    # --- the steps

    async def _forget(self, shelf: Shelf) -> None:
        numbers = tuple(self._room.ended)
        await shelf.remove(numbers)
        del self._room.ended[: len(numbers)]

    async def _write(self, shelf: Shelf) -> None:
        stanzas = self._room.begin_writing(self._pair.may_keep)
        try:
            kept = await shelf.add(stanzas)
        except BaseException:
            self._room.not_shelved()
            raise
        self._room.shelved(kept)

    async def _read(self, shelf: Shelf) -> None:
        room = self._room
        room.read(await shelf.read(self._pair.home, self._pair.domain, after=room.read_up_to, limit=READ_AT_ONCE))
        self._pair.drain()

    async def _expire(self, shelf: Shelf) -> None:
        await self._read(shelf)
        if self._pair.can_send:
            return  # it came up meanwhile, and they were sent
        now = self._clock.now()
        while (oldest := self._room.read_back) is not None and oldest.expires_at <= now:
            self._pair.expire(self._room.pop())
        self._pair.unload()

    async def _answer_all(self, shelf: Shelf) -> None:
        self._pair.unload()
        while self._verdict is not None and self._room.unread:
            await self._read(shelf)
            while self._room.read_back is not None:
                self._pair.bounce(self._room.pop(), *self._verdict)
        self._verdict = None
