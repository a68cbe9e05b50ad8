"""The queue on disk, reached from the event loop through the one thread of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.database.queue import QueueStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.database.file import Database
    from gateway.model.queued import Backlog, QueuedStanza
    from gateway.service.worker import Worker


class QueueDesk:
    """Does in the worker what the pairs ask of the disk. Implements :class:`gateway.net.waiting.Shelf`."""

    def __init__(self, database: Database, worker: Worker) -> None:
        """Use ``database``, which its owner opens and closes."""
        self._store = QueueStore(database)
        self._worker = worker

    async def add(self, stanzas: Sequence[QueuedStanza]) -> list[QueuedStanza]:
        """Keep stanzas, all or none, and give them with their numbers."""
        return await self._worker.run(self._store.add, stanzas)

    async def read(self, home: str, domain: str, *, after: int, limit: int) -> list[QueuedStanza]:
        """Give the oldest stanzas of a pair above a number; they stay."""
        return await self._worker.run(self._store.read, home, domain, after=after, limit=limit)

    async def remove(self, numbers: Iterable[int]) -> None:
        """Forget stanzas."""
        await self._worker.run(self._store.remove, numbers)

    async def backlogs(self) -> list[Backlog]:
        """Give what earlier runs left, for each pair."""
        return await self._worker.run(self._store.backlogs)
