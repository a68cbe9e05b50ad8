"""Contacts, kept in the database while streams change them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from gateway.database.contacts import ContactStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.database.file import Database
    from gateway.model.contact import Contact, ContactKey
    from gateway.net.hub import Hub
    from gateway.service.worker import Worker

SETTLE_TIMEOUT: Final = 5.0


class ContactDesk:
    """Reads the contacts at the start and writes, in the worker, what the traffic changes."""

    def __init__(self, database: Database, worker: Worker, hub: Hub) -> None:
        """Keep them in ``database``; nothing is opened yet."""
        self._store = ContactStore(database)
        self._worker = worker
        self._hub = hub

    async def open(self) -> None:
        """Read all contacts, and let what changes from now on be written.

        Raises:
            DatabaseError: they cannot be read.
        """
        table = self._hub.traffic.contacts
        for key, contact in await self._worker.run(self._store.load):
            table.put(key, contact)
        self._hub.traffic.write = self._write

    async def settle(self) -> None:
        """Wait until what is under way is on disk, though not for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_TIMEOUT):
                await self._hub.traffic.settle()

    async def _write(self, contacts: Sequence[tuple[ContactKey, Contact]]) -> None:
        await self._worker.run(self._store.write, contacts)
