from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from gateway.contacts.events import ContactEvent
from gateway.errors import DatabaseError
from gateway.model.contact import NO_CONTACT, Contact, ContactKey
from gateway.net import traffic as traffic_module
from gateway.net.traffic import Traffic
from gateway.policy.access import OPEN
from gateway.policy.home import HomePolicy
from gateway.policy.partner import Partner, PartnerTable
from gateway.routing import Answer, Commit, Discard, ToHome, ToPartner
from tests.support.clock import FakeClock
from tests.support.streams import HOME, PARTNER, envelope
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.routing import Route

ALICE, BOB, EVE = f"alice@{PARTNER}", f"bob@{HOME}", f"eve@{PARTNER}"
KEY = ContactKey("bob", HOME, "alice", PARTNER)


class Rig:
    """A traffic whose disk writes when it is let, and what came out of it, in order."""

    def __init__(self) -> None:
        self.partners = PartnerTable.of([Partner(domain=PARTNER, type="public-unverified")])
        self.access = OPEN
        self.out: list[str] = []
        self.written: list[list[tuple[ContactKey, Contact]]] = []
        self.may_write = asyncio.Event()
        self.fault: Exception | None = None
        self.traffic = Traffic.between(self, {HOME: HomePolicy()}, FakeClock())
        self.traffic.write = self.write

    async def write(self, contacts: Sequence[tuple[ContactKey, Contact]]) -> None:
        await self.may_write.wait()
        if self.fault is not None:
            raise self.fault
        self.written.append(list(contacts))

    def follow(self, route: Route, direction: str) -> None:
        match route:
            case ToHome(stanza) | ToPartner(stanza):
                self.out.append(f"{direction} {stanza.type or stanza.kind} {stanza.id}".strip())
            case Answer(stanza, reason):
                self.out.append(f"{direction} {reason} {stanza.id}")
            case Discard(reason):
                self.out.append(f"{direction} dropped {reason}")
            case Commit():
                raise AssertionError(route)

    def reaches_home(self, domain: str) -> bool:
        return True

    def reaches_partner(self, home: str, domain: str) -> bool:
        return True

    def home(self, kind: str, type_: str = "", id_: str = "", *, to: str = ALICE) -> None:
        self.traffic.from_home(envelope(kind, type_, from_=BOB, to=to, id_=id_ or type_))

    def partner(self, kind: str, type_: str = "", id_: str = "") -> None:
        self.traffic.from_partner(envelope(kind, type_, from_=ALICE, to=BOB, id_=id_ or type_))


@asynccontextmanager
async def running() -> AsyncIterator[Rig]:
    rig = Rig()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(rig.traffic.keep_committing(), name="committing")
        yield rig
        task.cancel()


async def test_nothing_goes_on_before_its_change_is_on_disk() -> None:
    async with running() as rig:
        rig.home("presence", "subscribe")
        await asyncio.sleep(0)
        assert (rig.out, rig.traffic.contacts.find(KEY)) == ([], NO_CONTACT)
        rig.may_write.set()
        await rig.traffic.settle()
        assert rig.out == ["outbound subscribe subscribe"]
        assert rig.written == [[(KEY, Contact(listed=True, asked=True))]]
        assert rig.traffic.contacts.find(KEY) == Contact(listed=True, asked=True)


async def test_what_two_users_say_keeps_its_order_and_others_pass() -> None:
    async with running() as rig:
        rig.home("presence", "subscribe")
        rig.home("message", "chat", "m1")
        rig.partner("presence", "subscribed")
        rig.partner("message", "chat", "m2")
        rig.home("message", "chat", "other", to=EVE)
        assert rig.out == ["outbound chat other"]
        rig.may_write.set()
        await rig.traffic.settle()
        assert rig.out[1:] == [
            "outbound subscribe subscribe",
            "outbound chat m1",
            "inbound subscribed subscribed",
            "inbound chat m2",
        ]
        assert [[contact for _, contact in batch] for batch in rig.written] == [
            [Contact(listed=True, asked=True)],
            [Contact(listed=True, to=True)],
        ]


async def test_many_changes_share_one_write() -> None:
    async with running() as rig:
        for number in range(20):
            rig.home("presence", "subscribe", to=f"u{number}@{PARTNER}")
        rig.may_write.set()
        await rig.traffic.settle()
        assert [len(batch) for batch in rig.written] == [20]


async def test_what_changes_nothing_needs_no_disk() -> None:
    async with running() as rig:
        rig.traffic.contacts.put(KEY, Contact(listed=True, asked=True))
        rig.home("presence", "subscribe")
        assert rig.out == ["outbound subscribe subscribe"]


async def test_what_cannot_be_written_does_not_happen() -> None:
    async with running() as rig:
        rig.fault = DatabaseError("disk full")
        rig.home("presence", "subscribe")
        rig.home("message", "chat", "m1")
        rig.may_write.set()
        await rig.traffic.settle()
        assert rig.out == ["outbound internal-server-error subscribe", "outbound chat m1"]
        assert rig.traffic.contacts.find(KEY) is NO_CONTACT
        rig.traffic.contacts.put(KEY, Contact(listed=True, to=True))
        rig.partner("presence", "unsubscribed")
        await rig.traffic.settle()
        assert rig.out[2:] == ["inbound dropped database"]
        with pytest.raises(DatabaseError):
            await rig.traffic.change(KEY, ContactEvent.ADMINISTRATOR_ADDS)


async def test_an_administrators_change_waits_for_what_is_under_way() -> None:
    async with running() as rig:
        rig.home("presence", "subscribe")
        async with asyncio.TaskGroup() as group:
            added = group.create_task(rig.traffic.change(KEY, ContactEvent.ADMINISTRATOR_ADDS), name="add")
            await asyncio.sleep(0)
            rig.may_write.set()
        asked = Contact(listed=True, asked=True)
        assert added.result() == (asked, Contact(listed=True, asked=True, pinned=True))
        assert await rig.traffic.change(KEY, ContactEvent.ADMINISTRATOR_ADDS) == (added.result()[1],) * 2
        removed = await rig.traffic.change(KEY, ContactEvent.ADMINISTRATOR_REMOVES)
        assert removed[1] == NO_CONTACT
        assert len(rig.traffic.contacts) == 0


async def test_waiting_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic_module, "MAX_WAITING_PER_CONTACT", 2)
    monkeypatch.setattr(traffic_module, "MAX_WAITING", 3)
    async with running() as rig:
        rig.home("presence", "subscribe")
        for number in range(3):
            rig.home("message", "chat", f"m{number}")
        rig.partner("message", "chat")
        assert rig.out == ["outbound resource-constraint m2", "inbound dropped too-much-waits"]
        rig.home("presence", "subscribe", to=f"b@{PARTNER}")
        rig.home("presence", "subscribe", to=f"c@{PARTNER}")
        rig.home("presence", "subscribe", "late", to=f"d@{PARTNER}")
        assert rig.out[2:] == ["outbound resource-constraint late"]
        rig.may_write.set()
        await eventually(lambda: len(rig.traffic.contacts) == 3)
        assert [line for line in rig.out if " m" in line] == [
            "outbound resource-constraint m2",
            "outbound chat m0",
            "outbound chat m1",
        ]


async def test_what_waits_is_bounded_in_octets_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as rig:
        rig.home("presence", "subscribe")
        rig.home("message", "chat", "m0")
        monkeypatch.setattr(traffic_module, "MAX_WAITING_BYTES", 1)
        rig.home("message", "chat", "m1")
        assert rig.out == ["outbound resource-constraint m1"]
        rig.may_write.set()
        await eventually(lambda: "outbound chat m0" in rig.out)
        rig.may_write.clear()
        rig.home("presence", "subscribe", to=f"b@{PARTNER}")
        rig.home("message", "chat", "m2", to=f"b@{PARTNER}")
        rig.may_write.set()
        await eventually(lambda: "outbound chat m2" in rig.out)


async def test_a_fault_of_ours_ends_with_the_changes_that_it_hit(caplog: pytest.LogCaptureFixture) -> None:
    async with running() as rig:
        rig.may_write.set()
        rig.fault = RuntimeError("a bug")
        rig.home("presence", "subscribe")
        rig.home("message", "chat", "lost")
        with pytest.raises(DatabaseError):
            await rig.traffic.change(ContactKey("carol", HOME, "alice", PARTNER), ContactEvent.ADMINISTRATOR_ADDS)
        await rig.traffic.settle()
        assert "contacts not changed" in caplog.text
        rig.fault = None
        rig.home("presence", "subscribe", "again")
        await rig.traffic.settle()
        assert rig.out == ["outbound subscribe again"]
