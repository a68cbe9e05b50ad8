"""What waits for one partner: in memory, and on disk while the partner is down. Order is kept across both.

The disk's part is the older one. A stanza that is read back stays on disk until it has ended, so that it survives
whatever happens meanwhile; it is in memory and on disk at once, and counted once.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from gateway.model.queued import Backlog, QueuedStanza

MAX_QUEUED: Final = 10_000
MAX_QUEUED_BYTES: Final = 16 * 1024 * 1024
MAX_IN_MEMORY: Final = 64 * 1024 * 1024
MAX_ON_DISK: Final = 512 * 1024 * 1024
READ_AT_ONCE: Final = 200
MAX_UNACKNOWLEDGED: Final = 1000
MAX_UNACKNOWLEDGED_BYTES: Final = 4 * 1024 * 1024


class Shelf(Protocol):
    """The disk; :class:`gateway.service.queues.QueueDesk` is the real one. Each call may raise ``DatabaseError``."""

    async def add(self, stanzas: Sequence[QueuedStanza]) -> list[QueuedStanza]:
        """Keep stanzas, all or none, and give them with their numbers."""
        ...

    async def read(self, home: str, domain: str, *, after: int, limit: int) -> list[QueuedStanza]:
        """Give the oldest stanzas of a pair above a number; they stay."""
        ...

    async def remove(self, numbers: Iterable[int]) -> None:
        """Forget stanzas."""
        ...


@dataclass(slots=True)
class QueueTotals:
    """Octets that wait, over all partners: one partner's outage must not take the others' memory."""

    memory: int = 0
    disk: int = 0


class Stall:
    """Since when nothing has moved, by a count of what has."""

    def __init__(self) -> None:
        """Know of no stall."""
        self._begun: tuple[int, float] | None = None

    def clear(self) -> None:
        """Take note that things move."""
        self._begun = None

    def lasted(self, count: int, now: float) -> float:
        """Give for how many seconds ``count`` has been what it is."""
        if self._begun is None or self._begun[0] != count:
            self._begun = count, now
        return now - self._begun[1]


class Tail:
    """What was handed to a stream and is not acknowledged yet, the oldest first.

    A partner that never acknowledges anything holds so much of it and no more: what follows waits in the room.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self._stanzas: deque[QueuedStanza] = deque()
        self._octets = 0

    def __len__(self) -> int:
        return len(self._stanzas)

    def __iter__(self) -> Iterator[QueuedStanza]:
        return iter(self._stanzas)

    @property
    def has_credit(self) -> bool:
        """Whether one more may be handed over."""
        return len(self._stanzas) < MAX_UNACKNOWLEDGED and self._octets < MAX_UNACKNOWLEDGED_BYTES

    def append(self, stanza: QueuedStanza) -> None:
        """Take note of one more."""
        self._stanzas.append(stanza)
        self._octets += stanza.size

    def popleft(self) -> QueuedStanza:
        """Take the oldest one away."""
        stanza = self._stanzas.popleft()
        self._octets -= stanza.size
        return stanza


class WaitingRoom:
    """The stanzas of one pair, in order: those on disk, those on their way there, then those in memory."""

    def __init__(self, totals: QueueTotals) -> None:
        """Begin empty; ``totals`` counts all rooms together."""
        self._totals = totals
        self._loaded: deque[QueuedStanza] = deque()  # read back from disk, where they still lie
        self._fresh: deque[QueuedStanza] = deque()  # in memory only
        self._writing: list[QueuedStanza] = []  # on their way to the disk; what came later waits behind them
        self._disk_octets = 0
        self.in_memory = 0
        """Octets in memory."""
        self.on_disk = 0
        """How many lie on disk, read back or not."""
        self.unread = 0
        """How many of them are still to be read."""
        self.read_up_to = 0
        """The number of the last one that was read."""
        self._sent: frozenset[int] = frozenset()
        """Numbers of those that were sent, and are passed by as the disk is read anew."""
        self.ended: list[int] = []
        """Numbers of those that have ended and still lie on disk."""
        self.oldest: datetime | None = None
        """When the oldest one on disk was accepted."""
        self.first_expiry: datetime | None = None
        """When the first one on disk expires."""

    def __len__(self) -> int:
        return len(self._fresh) + len(self._loaded) + self.unread + len(self._writing)

    @property
    def octets(self) -> int:
        """Octets that wait, in memory or on disk."""
        return self._disk_octets + sum(stanza.size for stanza in (*self._writing, *self._fresh))

    @property
    def waiting_since(self) -> datetime | None:
        """When the oldest one that waits was accepted; None when none waits."""
        if self.oldest is not None and (self.unread or self._loaded):
            return self.oldest
        if self._writing:
            return self._writing[0].accepted_at
        return self._fresh[0].accepted_at if self._fresh else None

    @property
    def only_in_memory(self) -> int:
        """How many are in memory and not on disk."""
        return len(self._fresh) + len(self._writing)

    @property
    def is_writing(self) -> bool:
        """Whether some are on their way to the disk."""
        return bool(self._writing)

    @property
    def read_back(self) -> QueuedStanza | None:
        """The oldest one on disk, if it was read and waits in memory."""
        return self._loaded[0] if self._loaded else None

    @property
    def ready(self) -> bool:
        """Whether the oldest one is in memory, so that it can be sent."""
        return bool(self._loaded) or (not self.unread and not self._writing and bool(self._fresh))

    def has_room(self, size: int) -> bool:
        """Whether one more of ``size`` octets may wait."""
        return (
            len(self) < MAX_QUEUED
            and self._disk_octets + self.in_memory + size <= MAX_QUEUED_BYTES
            and self._totals.memory + size <= MAX_IN_MEMORY
        )

    def put(self, stanza: QueuedStanza) -> None:
        """Let ``stanza`` wait behind all others."""
        self._fresh.append(stanza)
        self._count(stanza.size)

    def put_back(self, stanzas: Iterable[QueuedStanza]) -> None:
        """Let ``stanzas``, which were taken and did not end, wait before all that came later, in their order."""
        for stanza in reversed(list(stanzas)):
            (self._loaded if stanza.number else self._fresh).appendleft(stanza)
            self._count(stanza.size)
        # Another stream may have given back older ones already.
        self._fresh = deque(sorted(self._fresh, key=lambda stanza: stanza.order))

    def pop(self) -> QueuedStanza:
        """Take the oldest one; only when :attr:`ready`."""
        stanza = self._loaded.popleft() if self._loaded else self._fresh.popleft()
        if self._loaded:
            self.oldest, self.first_expiry = self._loaded[0].accepted_at, self._loaded[0].expires_at
        self._count(-stanza.size)
        return stanza

    def finish(self, stanza: QueuedStanza) -> None:
        """Take note that a stanza that was taken has ended: it need not lie on disk any longer."""
        if stanza.number:
            self.ended.append(stanza.number)
            self.on_disk -= 1
            self._count_disk(-stanza.size)

    def has_fresh(self, wanted: Callable[[QueuedStanza], bool]) -> bool:
        """Whether the oldest of those in memory only is ``wanted``."""
        return bool(self._fresh) and wanted(self._fresh[0])

    def take_fresh(self, wanted: Callable[[QueuedStanza], bool]) -> list[QueuedStanza]:
        """Take those that are in memory only, and ``wanted``."""
        taken: list[QueuedStanza] = []
        left: deque[QueuedStanza] = deque()
        for stanza in self._fresh:
            (taken if wanted(stanza) else left).append(stanza)
        self._fresh = left
        self._count(-sum(stanza.size for stanza in taken))
        return taken

    # --- the disk

    def begin_writing(self, wanted: Callable[[QueuedStanza], bool]) -> list[QueuedStanza]:
        """Give those in memory only that are ``wanted``, up to the first one that is not: it must not be overtaken.

        They are on their way to the disk until :meth:`shelved` or :meth:`not_shelved` is called.
        """
        self._writing = list(takewhile(wanted, self._fresh))
        for _ in self._writing:
            self._fresh.popleft()
        return self._writing

    def not_shelved(self) -> None:
        """Take note that what was on its way to the disk is not there."""
        self._fresh.extendleft(reversed(self._writing))
        self._writing = []

    @property
    def disk_has_room(self) -> bool:
        """Whether more may be written."""
        return self._totals.disk < MAX_ON_DISK

    def opened(self, backlog: Backlog) -> None:
        """Take note of what an earlier run left on disk."""
        self.on_disk = self.unread = backlog.stanzas
        self.oldest, self.first_expiry = backlog.oldest, backlog.first_expiry
        self._count_disk(backlog.octets)

    def shelved(self, stanzas: Sequence[QueuedStanza]) -> None:
        """Take note that what was on its way to the disk lies there now, as ``stanzas``."""
        self._count(-sum(stanza.size for stanza in self._writing))
        self._writing = []
        self.on_disk += len(stanzas)
        self.unread += len(stanzas)
        self._count_disk(sum(stanza.size for stanza in stanzas))
        if self.oldest is None and stanzas:
            self.oldest, self.first_expiry = stanzas[0].accepted_at, stanzas[0].expires_at

    def read(self, stanzas: Sequence[QueuedStanza]) -> None:
        """Take ``stanzas`` in that were read back; none means that nothing more is there."""
        if not stanzas:
            self.on_disk -= self.unread
            self.unread = 0
            return
        self.read_up_to = stanzas[-1].number
        waiting = [stanza for stanza in stanzas if stanza.number not in self._sent]
        self._loaded.extend(waiting)
        self.unread = max(0, self.unread - len(waiting))
        if self._loaded:
            self.oldest, self.first_expiry = self._loaded[0].accepted_at, self._loaded[0].expires_at
        self._count(sum(stanza.size for stanza in waiting))

    def unload(self, sent: Sequence[QueuedStanza] = ()) -> None:
        """Let go of what was read back: it lies on disk, and will be read again.

        ``sent`` are those that lie on disk, were sent and may yet end: they are not to be read again. What waits may
        lie before and behind them, where several streams were lost one after the other.
        """
        self._count(-sum(stanza.size for stanza in self._loaded))
        self._loaded.clear()
        self.read_up_to, self._sent = 0, frozenset(stanza.number for stanza in sent)
        self.unread = self.on_disk - len(sent)
        if not self.on_disk:
            self.oldest = self.first_expiry = None

    def _count(self, size: int) -> None:
        self.in_memory += size
        self._totals.memory += size

    def _count_disk(self, size: int) -> None:
        self._disk_octets += size
        self._totals.disk += size
