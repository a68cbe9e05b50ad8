"""What policy costs a stanza, and what a change of a contact costs: the router alone, then the disk behind it.

``python -m bench.policy`` prints microseconds of CPU per stanza, with 100,000 contacts, 100 exceptions of access, and
every rule on. No socket and no XML parser is in it; both are in ``bench.s2s``.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgecert.shared.clock import SystemClock
from gateway.contacts.table import ContactTable
from gateway.database.contacts import ContactStore
from gateway.database.file import Database
from gateway.model.contact import Contact, ContactKey
from gateway.model.envelope import Envelope
from gateway.model.jid import Jid
from gateway.net.traffic import Traffic
from gateway.policy.access import OPEN, Access
from gateway.policy.home import HomePolicy
from gateway.policy.partner import Partner, PartnerTable
from gateway.routing import Router
from gateway.service.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.model.envelope import StanzaKind
    from gateway.policy.partner import PartnerType
    from gateway.routing import Route

HOME, PARTNER = "contoso.example", "fabrikam.example"
ROUNDS: Final = 50_000
CHANGES: Final = 2_000
BODY: Final = f"<body>{'x' * 120}</body><request xmlns='urn:xmpp:receipts'/>"
STANZA_ID: Final = "<stanza-id xmlns='urn:xmpp:sid:0' id='1' by='{}'/>"
SHOWN: Final = (
    "<show>away</show><status>x</status><c xmlns='http://jabber.org/protocol/caps' node='n' ver='v' hash='sha-1'/>"
)


def stanza(kind: StanzaKind, inside: str, *, inbound: bool) -> Envelope:
    """Give a stanza as it comes from a stream."""
    ends = (f"alice@{PARTNER}/x", f"bob@{HOME}") if inbound else (f"bob@{HOME}/x", f"alice@{PARTNER}")
    raw = f"<{kind} from='{ends[0]}' to='{ends[1]}' id='1'>{inside}</{kind}>".encode()
    return Envelope(kind, "chat" if kind == "message" else "", "1", Jid.parse(ends[0]), Jid.parse(ends[1]), raw)


CASES: Final[tuple[tuple[str, PartnerType, Envelope, bool], ...]] = (
    ("in: message, federated", "federated", stanza("message", BODY, inbound=True), True),
    ("in: message, public-unverified, listed", "public-unverified", stanza("message", BODY, inbound=True), True),
    (
        "in: with an id of the partner's archive",
        "federated",
        stanza("message", BODY + STANZA_ID.format(PARTNER), inbound=True),
        True,
    ),
    ("in: with a forged id", "federated", stanza("message", BODY + STANZA_ID.format(HOME), inbound=True), True),
    ("out: message, federated", "federated", stanza("message", BODY, inbound=False), False),
    ("out: message, public-unverified", "public-unverified", stanza("message", BODY, inbound=False), False),
    ("out: presence, federated", "federated", stanza("presence", SHOWN, inbound=False), False),
    ("out: presence without its note", "public-verified", stanza("presence", SHOWN, inbound=False), False),
)


def measure_routing() -> None:
    """Print what each case costs."""
    contacts = ContactTable((ContactKey(f"u{n}", HOME, f"a{n}", PARTNER), Contact(listed=True)) for n in range(100_000))
    contacts.put(ContactKey("bob", HOME, "alice", PARTNER), Contact(listed=True, to=True, granted=True))
    access = Access(users={f"u{n}@{HOME}": False for n in range(100)})
    for name, kind, envelope, inbound in CASES:
        router = Router({HOME: HomePolicy()}, contacts, SystemClock())
        partners = PartnerTable.of([Partner(domain=PARTNER, type=kind)])
        route = router.route_inbound if inbound else router.route_outbound
        begun = time.process_time()
        for _ in range(ROUNDS):
            route(envelope, partners, access)
        print(f"{name:<45} {(time.process_time() - begun) / ROUNDS * 1e6:6.1f} µs")


class Sink:
    """Takes what is routed, and counts it."""

    partners = PartnerTable.of([Partner(domain=PARTNER)])
    access = OPEN

    def __init__(self) -> None:
        self.routed = 0

    def follow(self, route: Route, direction: str) -> None:
        """Count."""
        assert route
        assert direction
        self.routed += 1

    def reaches_home(self, domain: str) -> bool:
        """Say yes."""
        return bool(domain)

    def reaches_partner(self, home: str, domain: str) -> bool:
        """Say yes."""
        return bool(home and domain)


async def measure_commits(directory: Path) -> None:
    """Print what subscriptions cost that have to be on disk first."""
    sink, worker = Sink(), Worker()
    traffic = Traffic.between(sink, {HOME: HomePolicy()}, SystemClock())
    with Database(directory / "gateway.db") as database:
        store = ContactStore(database)

        async def write(contacts: Sequence[tuple[ContactKey, Contact]]) -> None:
            await worker.run(store.write, contacts)

        traffic.write = write
        async with asyncio.TaskGroup() as group:
            keeper = group.create_task(traffic.keep_committing(), name="committing")
            begun = time.perf_counter()
            for number in range(CHANGES):
                traffic.from_home(_subscribe(number))
            await traffic.settle()
            each = (time.perf_counter() - begun) / CHANGES
            print(f"{'subscriptions committed, many at once':<45} {1 / each:6.0f} a second")
            begun = time.perf_counter()
            for number in range(100):
                traffic.from_home(_subscribe(CHANGES + number))
                await traffic.settle()
            print(f"{'one alone':<45} {(time.perf_counter() - begun) * 10:6.1f} ms")
            keeper.cancel()
    worker.close()
    assert sink.routed == CHANGES + 100


def _subscribe(number: int) -> Envelope:
    from_, to = Jid.parse(f"u{number}@{HOME}"), Jid.parse(f"a{number}@{PARTNER}")
    return Envelope(
        "presence", "subscribe", "", from_, to, f"<presence type='subscribe' from='{from_}' to='{to}'/>".encode()
    )


def main() -> int:
    """Take both figures."""
    measure_routing()
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(measure_commits(Path(name) / "state"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
