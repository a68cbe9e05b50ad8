"""Stanzas on their way through policy: what has to be on disk first waits here, in order, and the loop never does.

A stanza that changes a contact goes on when the change has been committed. Until then everything else between the same
two users waits behind it, so that order is kept; all others pass by.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from edgecert.shared.errors import EdgecertError
from gateway.contacts.events import next_contact
from gateway.contacts.table import ContactTable
from gateway.errors import DatabaseError, StanzaCondition
from gateway.model.contact import ContactKey
from gateway.net.presence import PresenceKeeper
from gateway.net.stanzalog import StanzaLog
from gateway.routing import Commit, Discard, Router, refuse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from edgecert.shared.clock import Clock
    from gateway.contacts.events import ContactEvent
    from gateway.model.contact import Contact
    from gateway.model.envelope import Envelope
    from gateway.net.presence import PresenceOwner
    from gateway.policy.home import HomePolicy
    from gateway.routing import Route

    Write = Callable[[Sequence[tuple[ContactKey, Contact]]], Awaitable[None]]

logger = logging.getLogger(__name__)

MAX_WAITING: Final = 10_000
MAX_WAITING_PER_CONTACT: Final = 100
MAX_WAITING_BYTES: Final = 16 * 1024 * 1024
MAX_BATCH: Final = 100  # so many at once cost one write, and do not hold up the loop when they are done
INBOUND: Final = "inbound"
OUTBOUND: Final = "outbound"


@dataclass(slots=True)
class _Change:
    """A change of a contact that waits for the disk, and what waits for it."""

    key: ContactKey
    before: Contact
    after: Contact
    commit: Commit | None = None
    direction: str = ""
    done: asyncio.Future[Contact] | None = None
    waiting: deque[tuple[str, Envelope]] = field(default_factory=deque)


async def _keep_in_memory(_: Sequence[tuple[ContactKey, Contact]]) -> None:
    """Be the disk of a gateway without one."""


class Traffic:
    """Takes each stanza from a stream or a component to the route that it gets."""

    def __init__(self, owner: PresenceOwner, router: Router, contacts: ContactTable, clock: Clock) -> None:
        """Decide by ``router``; ``contacts`` is the table that it reads."""
        self.router = router
        self.contacts = contacts
        self.presence = PresenceKeeper(owner, router.ledger, contacts, clock.monotonic)
        self.log = StanzaLog()
        self.write: Write = _keep_in_memory
        """Puts contacts on disk."""
        self._owner = owner
        self._busy: dict[ContactKey, _Change] = {}
        self._due: deque[_Change] = deque()
        self._waiting = 0
        self._octets = 0
        self._wake = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()

    @classmethod
    def between(cls, owner: PresenceOwner, homes: Mapping[str, HomePolicy], clock: Clock) -> Traffic:
        """Give the traffic between ``homes`` and partners, with no contacts yet."""
        contacts = ContactTable()
        return cls(owner, Router(homes, contacts, clock), contacts, clock)

    # --- stanzas

    def from_partner(self, envelope: Envelope) -> None:
        """Route a stanza of a partner."""
        if self._busy and self._holds(ContactKey.of(envelope.to, envelope.from_), INBOUND, envelope):
            return
        owner = self._owner
        route = self.router.route_inbound(envelope, owner.partners, owner.access)
        if self.log.enabled:
            self.log.note(envelope, route, INBOUND)
        self.follow(route, INBOUND)

    def from_home(self, envelope: Envelope) -> None:
        """Route a stanza of a home component."""
        if self._busy and self._holds(ContactKey.of(envelope.from_, envelope.to), OUTBOUND, envelope):
            return
        owner = self._owner
        route = self.router.route_outbound(envelope, owner.partners, owner.access)
        if self.log.enabled:
            self.log.note(envelope, route, OUTBOUND)
        self.follow(route, OUTBOUND)

    def follow(self, route: Route, direction: str) -> None:
        """Do what ``route`` says, now or when its change is on disk."""
        if not isinstance(route, Commit):
            self._owner.follow(route, direction)
            return
        before = self.contacts.find(route.key)
        after = next_contact(before, route.event)
        if after == before:
            for each in route.routes:
                self._owner.follow(each, direction)
        elif len(self._busy) >= MAX_WAITING:
            self._overflow(route.envelope, direction)
        else:
            self._begin(_Change(route.key, before, after, route, direction))

    def keep_house(self, refresh_interval: float) -> None:
        """Forget what is too old, and do what is due."""
        self.router.memory.expire()
        self.presence.keep_house(refresh_interval)

    # --- administrators

    async def change(self, key: ContactKey, event: ContactEvent) -> tuple[Contact, Contact]:
        """Let an administrator's ``event`` happen behind what is under way; give the contact before and after.

        Raises:
            EdgecertError: it could not be written; the contact is as it was.
        """
        while (busy := self._busy.get(key)) is not None:
            if busy.done is None:
                busy.done = asyncio.get_running_loop().create_future()
            await asyncio.wait([busy.done])
        before = self.contacts.find(key)
        after = next_contact(before, event)
        if after != before:
            done: asyncio.Future[Contact] = asyncio.get_running_loop().create_future()
            self._begin(_Change(key, before, after, done=done))
            await done
        return before, after

    # --- the disk

    async def keep_committing(self) -> None:
        """Write what is due, many changes at once, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._due:
                batch = [self._due.popleft() for _ in range(min(MAX_BATCH, len(self._due)))]
                try:
                    await self._commit(batch)
                except Exception:  # the top of the task: a fault of ours must not keep all later changes waiting
                    logger.exception("contacts not changed")
                    self._abandon(batch)

    async def settle(self) -> None:
        """Wait until nothing waits for the disk."""
        await self._settled.wait()

    def _begin(self, change: _Change) -> None:
        self._busy[change.key] = change
        self._due.append(change)
        self._settled.clear()
        self._wake.set()

    async def _commit(self, batch: list[_Change]) -> None:
        fault: EdgecertError | None = None
        try:
            await self.write([(change.key, change.after) for change in batch])
        except EdgecertError as error:
            fault = error
            logger.error("contacts not written", extra={"why": error.message, "changes": len(batch)})
        for change in batch:
            self._end(change, fault)
        if not self._busy:
            self._settled.set()

    def _end(self, change: _Change, fault: EdgecertError | None) -> None:
        del self._busy[change.key]
        if fault is None:
            self.contacts.put(change.key, change.after)
        if change.commit is not None:
            self._tell(change.commit, change.direction, failed=fault is not None)
        if change.done is not None and not change.done.done():
            if fault is not None and change.commit is None:
                change.done.set_exception(fault)
            else:
                change.done.set_result(change.after)
        self._release(change)
        for direction, envelope in change.waiting:  # each may begin a change of its own, behind which the rest waits
            self.from_partner(envelope) if direction == INBOUND else self.from_home(envelope)

    def _abandon(self, batch: list[_Change]) -> None:
        """Let nobody wait for what will never be written."""
        for change in batch:
            if self._busy.get(change.key) is change:
                del self._busy[change.key]
                self._release(change)
                if change.done is not None and not change.done.done():
                    change.done.set_exception(DatabaseError("the gateway failed at this change"))
        if not self._busy:
            self._settled.set()

    def _tell(self, commit: Commit, direction: str, *, failed: bool) -> None:
        if not failed:
            for each in commit.routes:
                self._owner.follow(each, direction)
        elif direction == OUTBOUND:
            route = refuse(commit.envelope, StanzaCondition.INTERNAL_SERVER_ERROR, "the change could not be kept")
            self._owner.follow(route, direction)
        else:
            self._owner.follow(Discard("database"), direction)

    # --- waiting

    def _holds(self, key: ContactKey, direction: str, envelope: Envelope) -> bool:
        change = self._busy.get(key)
        if change is None:
            return False
        full = self._waiting >= MAX_WAITING or self._octets >= MAX_WAITING_BYTES
        if full or len(change.waiting) >= MAX_WAITING_PER_CONTACT:
            self._overflow(envelope, direction)
        else:
            change.waiting.append((direction, envelope))
            self._waiting += 1
            self._octets += len(envelope.raw)
        return True

    def _release(self, change: _Change) -> None:
        """Count no more what waited for ``change``."""
        self._waiting -= len(change.waiting)
        self._octets -= sum(len(envelope.raw) for _, envelope in change.waiting)

    def _overflow(self, envelope: Envelope, direction: str) -> None:
        if direction == OUTBOUND:
            self._owner.follow(refuse(envelope, StanzaCondition.RESOURCE_CONSTRAINT), direction)
        else:
            self._owner.follow(Discard("too-much-waits"), direction)
