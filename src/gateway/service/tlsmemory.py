"""Which partners used TLS lately, kept over a restart."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from edgecert.shared.errors import EdgecertError
from gateway.database.tlsmemory import TlsStore
from gateway.policy.tlsmemory import REMEMBERED

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from datetime import datetime

    from edgecert.shared.clock import Clock
    from gateway.database.file import Database
    from gateway.policy.tlsmemory import TlsMemory
    from gateway.service.worker import Worker

logger = logging.getLogger(__name__)


class TlsMemoryDesk:
    """Reads the memory at the start and writes, in the worker, what streams add to it."""

    def __init__(
        self, database: Database, worker: Worker, spawn: Callable[[Coroutine[object, object, None], str], None]
    ) -> None:
        """Keep it in ``database``; ``spawn`` starts a task of the service."""
        self._store = TlsStore(database)
        self._worker = worker
        self._spawn = spawn

    async def open(self, memory: TlsMemory, clock: Clock) -> None:
        """Fill ``memory``, and let what is added to it from now on be written.

        Raises:
            DatabaseError: it cannot be read.
        """
        memory.restore(await self._worker.run(self._store.load, clock.now() - REMEMBERED))
        memory.keep = lambda domain, used: self._spawn(self._write(domain, used), f"tls memory {domain}")

    async def _write(self, domain: str, used: datetime) -> None:
        try:
            await self._worker.run(self._store.write, domain, used)
        except EdgecertError as error:
            logger.error("the use of TLS was not noted", extra={"domain": domain, "why": error.message})
