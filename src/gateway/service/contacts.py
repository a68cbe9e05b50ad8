"""Contacts, kept in the database while streams change them."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from gateway.contacts.events import ContactEvent, next_contact
from gateway.contacts.naming import (
    change_to_json,
    is_named,
    knock_to_json,
    list_contacts,
    parse_contact,
    verify_known,
)
from gateway.database.contacts import ContactStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.shared.jsonvalue import JsonObject
    from gateway.database.file import Database
    from gateway.model.contact import Contact, ContactKey
    from gateway.net.hub import Hub
    from gateway.service.worker import Worker

logger = logging.getLogger(__name__)

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

    async def show(self, home: str, partner: str) -> JsonObject:
        """Give the contacts and those who knocked in vain, of ``home`` and ``partner``: JIDs, domains, or all.

        Raises:
            AddressError: one of them is no JID.
        """
        traffic = self._hub.traffic
        return {
            # Sorting a hundred thousand takes a while, which streams need not wait for.
            "contacts": await self._worker.run(list_contacts, tuple(traffic.contacts), home, partner),
            "knocks": [
                knock_to_json(key, knock)
                for key, knock in traffic.router.knocks
                if is_named(key.home, home) and is_named(key.partner, partner)
            ],
        }

    async def add(self, home: str, partner: str, *, dry_run: bool) -> JsonObject:
        """Pin a contact: the partner's user may reach the home user until an administrator removes it.

        Raises:
            ContactRefusedError: the two cannot be contacts.
            DatabaseError: it cannot be written.
        """
        return await self._change(home, partner, ContactEvent.ADMINISTRATOR_ADDS, dry_run=dry_run)

    async def remove(self, home: str, partner: str, *, dry_run: bool) -> JsonObject:
        """Forget a contact, whoever has listed it.

        Raises:
            ContactRefusedError: there is no such contact.
            DatabaseError: it cannot be written.
        """
        return await self._change(home, partner, ContactEvent.ADMINISTRATOR_REMOVES, dry_run=dry_run)

    async def _change(self, home: str, partner: str, event: ContactEvent, *, dry_run: bool) -> JsonObject:
        traffic = self._hub.traffic
        key = parse_contact(home, partner, self._hub.homes)
        before = traffic.contacts.find(key)
        if event is ContactEvent.ADMINISTRATOR_REMOVES:
            verify_known(key, before)
        after = next_contact(before, event)
        if not dry_run:
            before, after = await traffic.change(key, event)
            fields = {"home": str(key.home), "partner": str(key.partner), "event": event.value}
            logger.info("contact changed", extra=fields)
            if after.exists:
                traffic.router.knocks.forget(key)
            else:
                traffic.presence.contact_removed(key)
        return {**change_to_json(key, before, after), "warnings": self._warn(key, event)}

    def _warn(self, key: ContactKey, event: ContactEvent) -> list[str]:
        partner = self._hub.partners.find(key.partner_domain)
        if partner is None and event is ContactEvent.ADMINISTRATOR_ADDS:
            return [f"{key.partner_domain} is not a configured partner"]
        if partner is not None and partner.type != "public-unverified":
            return [f"partner {partner.domain} is {partner.type}: its users reach home users without being listed"]
        return []

    async def _write(self, contacts: Sequence[tuple[ContactKey, Contact]]) -> None:
        await self._worker.run(self._store.write, contacts)
