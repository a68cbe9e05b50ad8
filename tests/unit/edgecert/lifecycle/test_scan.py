from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from typing_extensions import override

from edgecert.interfaces import ScanRecords, Seen
from edgecert.lifecycle.apply import ApplyOptions
from edgecert.lifecycle.renew import RenewOptions, RenewResult
from edgecert.lifecycle.scan import Scanning
from tests.support.world import World, a_request

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


@dataclass
class MemoryScans(ScanRecords):
    """Keeps what was found, and believes that nothing changes behind its back."""

    known: dict[str, Seen] = field(default_factory=dict)
    saved: int = 0

    @override
    def find(self, name: str) -> Seen | None:
        return self.known.get(name)

    @override
    def note(self, name: str, seen: Seen | None) -> None:
        if seen is None:
            self.known.pop(name, None)
        else:
            self.known[name] = seen

    @override
    def soonest(self, names: Iterable[str]) -> datetime | None:
        return min((seen.attend_at for seen in self.known.values()), default=None)

    @override
    def save(self) -> None:
        self.saved += 1


def scan(world: World, records: MemoryScans, options: RenewOptions | None = None) -> RenewResult:
    scanning = Scanning(world.store, world.renewing, world.due, records, world.clock)
    (result,) = scanning.scan(["edge"], options or RenewOptions())
    return result


def a_world() -> tuple[World, MemoryScans]:
    world = World()
    world.apply(a_request("edge", "gw"))
    return world, MemoryScans()


def test_what_needs_nothing_is_looked_at_once_and_passed_by_until_it_is_due() -> None:
    world, records = a_world()
    first = scan(world, records)
    assert first.certificate is not None
    again = scan(world, records)
    assert (again.action, again.due_at, again.not_after) == ("not-due", first.due_at, first.certificate.not_after)
    assert again.certificate is None, "nothing was read"
    assert records.saved == 2
    world.clock.advance(timedelta(days=61))
    assert scan(world, records).action == "renewed"
    assert scan(world, records).certificate is None


def test_force_and_a_dry_run_pass_nothing_by_and_note_nothing() -> None:
    world, records = a_world()
    assert scan(world, records, RenewOptions(dry_run=True)).action == "not-due"
    assert records.known == {}
    scan(world, records)
    assert scan(world, records, RenewOptions(force=True)).action == "renewed"


def test_what_failed_is_open_or_waits_is_looked_at_every_time() -> None:
    world, records = a_world()
    world.targets["gw"].running = False
    world.apply(a_request("edge", "gw"), ApplyOptions(force=True))
    scan(world, records)
    assert records.known == {}
    world.targets["gw"].running = True
    assert scan(world, records).action == "deployed"
    assert records.known.keys() == {"edge"}
    world.clock.advance(timedelta(days=61))
    world.ca.refuse = True
    assert scan(world, records).action == "failed"
    assert records.known == {}
    waiting = World(kind="csr")
    waiting.apply(a_request("edge", kind="csr"))
    assert scan(waiting, records).action == "waiting"
    assert records.known == {}


def test_a_staged_date_is_attended_to() -> None:
    world, records = a_world()
    request = a_request("edge", "gw")
    world.apply(request, ApplyOptions(force=True, deploy=False))
    at = world.clock.now() + timedelta(days=3)
    world.deploying.stage(world.store.load_bundle("edge", 2), request.deploy, at)
    scan(world, records)
    assert records.known["edge"].attend_at == at
