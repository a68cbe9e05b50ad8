from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from gateway.contacts.ledger import Ledger
from gateway.contacts.table import ContactTable
from gateway.model.contact import NO_CONTACT, Contact, ContactKey
from gateway.model.jid import Jid
from gateway.net import presence as presence_module
from gateway.net.presence import PresenceKeeper
from gateway.policy.access import OPEN, Access
from gateway.policy.partner import Partner, PartnerTable, PartnerType
from gateway.routing import ToHome, ToPartner
from tests.support.clock import FakeClock
from tests.support.streams import HOME, PARTNER, envelope
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.routing import Route

BOB, CAROL = Jid.parse(f"bob@{HOME}/desk"), Jid.parse(f"carol@{HOME}/x")
ALICE, EVE = Jid.parse(f"alice@{PARTNER}"), Jid.parse("eve@litware.example")
HOUR = 3600.0


def table(kind: PartnerType = "federated") -> PartnerTable:
    return PartnerTable.of([Partner(domain=PARTNER, type=kind), Partner(domain="litware.example", type="federated")])


class Rig:
    """A keeper, and what it said."""

    def __init__(self) -> None:
        self.partners = table()
        self.access = OPEN
        self.clock = FakeClock()
        self.ledger = Ledger()
        self.contacts = ContactTable()
        self.homes = {HOME}
        self.streams = {(HOME, PARTNER), (HOME, "litware.example")}
        self.said: list[str] = []
        self.keeper = PresenceKeeper(self, self.ledger, self.contacts, self.clock.monotonic)

    def reaches_home(self, domain: str) -> bool:
        return domain in self.homes

    def reaches_partner(self, home: str, domain: str) -> bool:
        return (home, domain) in self.streams

    def follow(self, route: Route, direction: str) -> None:
        assert isinstance(route, ToHome | ToPartner)
        where = "home" if isinstance(route, ToHome) else "partner"
        self.said.append(f"{where}: {route.envelope.type} {route.envelope.from_} {route.envelope.to}")
        assert direction == ("inbound" if where == "home" else "outbound")

    def know(self, home: Jid, partner: Jid, **flags: bool) -> ContactKey:
        key = ContactKey.of(home, partner)
        self.contacts.put(key, Contact(**flags))
        return key

    def show(self) -> None:
        self.ledger.available(BOB, ALICE)
        self.ledger.available(CAROL, EVE)

    def wait(self, seconds: float, refresh: float = HOUR) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        self.keeper.keep_house(refresh)

    async def probes(self) -> list[str]:
        """Give what is asked of both sides, once it was all asked."""
        self.said.clear()
        await eventually(lambda: not self.keeper._probes)  # noqa: SLF001  # what is still to be asked has no event
        return sorted(self.said)


@pytest.fixture
async def rig(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    monkeypatch.setattr(presence_module, "PAUSE", 0.0)
    async with asynccontextmanager(_running)() as running:
        yield running


async def _running() -> AsyncIterator[Rig]:
    rig = Rig()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(rig.keeper.keep_probing(), name="probing")
        yield rig
        task.cancel()


GONE = {f"partner: unavailable {BOB} {ALICE}", f"partner: unavailable {CAROL} {EVE}"}


async def test_a_home_system_has_half_a_minute_to_come_back(rig: Rig) -> None:
    rig.show()
    rig.homes.clear()
    rig.keeper.home_lost(HOME)
    rig.wait(29)
    assert rig.said == []
    rig.wait(1)
    assert set(rig.said) == GONE
    rig.wait(60)
    assert len(rig.said) == 2


async def test_one_that_comes_back_in_time_is_only_asked(rig: Rig) -> None:
    rig.show()
    rig.keeper.home_lost(HOME)
    rig.wait(20)
    rig.keeper.home_up(HOME)
    assert await rig.probes() == [
        f"home: probe {ALICE} {BOB.bare}",
        f"home: probe {EVE} {CAROL.bare}",
    ]
    rig.wait(20)
    assert not GONE & set(rig.said)


async def test_on_return_home_is_asked_for_all_who_saw_or_may_see(rig: Rig) -> None:
    rig.show()
    rig.know(BOB, EVE, granted=True)
    rig.know(CAROL, ALICE, listed=True, to=True)
    rig.keeper.home_lost(HOME)
    rig.wait(31)
    rig.keeper.home_up(HOME)
    assert await rig.probes() == [
        f"home: probe {ALICE} {BOB.bare}",
        f"home: probe {EVE} {BOB.bare}",
        f"home: probe {EVE} {CAROL.bare}",
    ]
    rig.keeper.home_up("second.example")
    assert await rig.probes() == []


async def test_nobody_is_dialled_to_be_told_that_somebody_is_gone(rig: Rig) -> None:
    rig.show()
    rig.streams.remove((HOME, PARTNER))
    rig.keeper.home_lost(HOME)
    rig.wait(30)
    assert rig.said == [f"partner: unavailable {CAROL} {EVE}"]
    assert len(rig.ledger) == 0


async def test_who_is_gated_is_gone_for_partners_until_freed(rig: Rig) -> None:
    rig.show()
    rig.know(BOB, ALICE, granted=True)
    gated = Access(users={str(BOB.bare): False})
    rig.keeper.access_changing(gated)
    rig.access = gated
    assert rig.said == [f"partner: unavailable {BOB} {ALICE}"]
    assert await rig.probes() == []
    rig.keeper.access_changing(OPEN)
    rig.access = OPEN
    assert await rig.probes() == [f"home: probe {ALICE} {BOB.bare}"]


async def test_a_removed_partner_is_told_and_not_asked_for(rig: Rig) -> None:
    rig.show()
    new = PartnerTable.of([Partner(domain="litware.example", type="federated")])
    rig.keeper.partners_changing(new)
    rig.partners = new
    assert rig.said == [f"partner: unavailable {BOB} {ALICE}"]
    assert await rig.probes() == []


async def test_a_partner_trusted_less_loses_the_note_and_may_keep_the_presence(rig: Rig) -> None:
    rig.ledger.available(BOB, ALICE)
    rig.keeper.partners_changing(table("public-verified"))
    rig.partners = table("public-verified")
    assert rig.said == [f"partner: unavailable {BOB} {ALICE}"]
    assert await rig.probes() == [f"home: probe {ALICE} {BOB.bare}"]


@pytest.mark.parametrize("listed", [True, False])
async def test_a_partner_that_becomes_unverified_sees_only_who_listed_it(rig: Rig, listed: bool) -> None:
    rig.ledger.available(BOB, ALICE)
    rig.know(BOB, ALICE, listed=listed, granted=True)
    rig.keeper.partners_changing(table("public-unverified"))
    rig.partners = table("public-unverified")
    assert rig.said == [f"partner: unavailable {BOB} {ALICE}"]
    assert await rig.probes() == ([f"home: probe {ALICE} {BOB.bare}"] if listed else [])


async def test_a_partner_trusted_as_before_or_more_is_left_alone(rig: Rig) -> None:
    rig.show()
    rig.keeper.partners_changing(table())
    rig.partners = table("public-unverified")
    rig.keeper.partners_changing(table("federated"))
    assert rig.said == []
    assert len(rig.ledger) == 2


async def test_a_removed_contact_of_an_unverified_partner_sees_no_more(rig: Rig) -> None:
    rig.show()
    key = ContactKey.of(BOB, ALICE)
    rig.keeper.contact_removed(key)
    assert rig.said == []
    rig.partners = table("public-unverified")
    rig.keeper.contact_removed(key)
    assert rig.said == [f"partner: unavailable {BOB} {ALICE}"]


async def test_partners_are_asked_anew_for_whom_home_subscribes_to(rig: Rig) -> None:
    rig.know(BOB, ALICE, listed=True, to=True)
    rig.know(CAROL, ALICE, listed=True, granted=True)
    gone = rig.know(CAROL, EVE, listed=True, to=True)
    rig.wait(HOUR - 1)
    assert await rig.probes() == []
    rig.wait(1)
    rig.contacts.put(gone, NO_CONTACT)
    assert await rig.probes() == [f"partner: probe {BOB.bare} {ALICE}"]
    rig.homes.clear()
    rig.wait(HOUR)
    assert await rig.probes() == []


async def test_thousands_of_probes_go_a_few_at_a_time(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence_module, "AT_ONCE", 10)
    for number in range(25):
        rig.know(BOB, Jid.parse(f"u{number}@{PARTNER}"), granted=True)
    rig.keeper.home_up(HOME)
    counts = []
    async with asyncio.timeout(60):
        while len(rig.said) < 25:
            await asyncio.sleep(0)
            counts.append(len(rig.said))
    assert {10, 20, 25} <= set(counts)
    assert max(after - before for before, after in pairwise(counts)) <= 10


async def test_subscriptions_wait_for_a_home_system_that_is_away(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.homes.clear()
    asks = [envelope("presence", "subscribe", from_=f"u{number}@{PARTNER}", to=str(BOB.bare)) for number in range(3)]
    monkeypatch.setattr(presence_module, "MAX_HELD", 2)
    assert all(rig.keeper.hold(ask) for ask in asks)
    large = replace(asks[0], raw=b"x" * (presence_module.LARGEST_HELD + 1))
    assert not rig.keeper.hold(large)
    assert not rig.keeper.hold(envelope("presence", "probe", from_=str(ALICE), to=str(BOB.bare)))
    assert not rig.keeper.hold(envelope("presence", "", from_=str(ALICE), to=str(BOB.bare)))
    assert rig.said == []
    rig.homes.add(HOME)
    rig.keeper.home_up(HOME)
    assert rig.said == [f"home: subscribe u{number}@{PARTNER} {BOB.bare}" for number in (1, 2)]
    rig.keeper.home_up(HOME)
    assert len(rig.said) == 2
