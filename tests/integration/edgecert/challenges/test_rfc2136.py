"""A primary server that takes updates in a few lines; the rest is held against Knot in tests/peers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from edgecert.challenges.delegation import Delegations
from edgecert.challenges.rfc2136 import TRIES, Rfc2136Solver
from edgecert.dns.lookup import Lookup
from edgecert.dns.update import NotSeen, ZoneUpdater
from edgecert.model.challenge import Challenge
from edgecert.shared.clock import SystemClock
from edgecert.shared.errors import ChallengeError, NetworkError
from tests.support.world import Watcher

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edgecert.model.dnsrecords import Question, RrsetChange

NAME = "_acme-challenge.contoso.com"
ONE = Challenge("dns-01", "contoso.com", "contoso.com", "t1", "v1")
WILD = Challenge("dns-01", "*.contoso.com", "contoso.com", "t2", "v2")
OTHER = Challenge("dns-01", "sip.contoso.com", "sip.contoso.com", "t3", "v3")


@dataclass
class MemoryZone(ZoneUpdater):
    """A zone that is a dictionary; others change it ``busy`` times just before our update."""

    held: dict[str, set[str]] = field(default_factory=dict)
    updates: int = 0
    busy: int = 0
    unseen: tuple[NotSeen, ...] = ()

    @override
    def read(self, questions: Iterable[Question]) -> dict[Question, tuple[str, ...]]:
        return {question: tuple(sorted(self.held.get(question.name, set()))) for question in questions}

    @override
    def apply(self, changes: Sequence[RrsetChange]) -> None:
        self.updates += 1
        if self.busy:
            self.busy -= 1
            raise NetworkError("changed", code="dns-changed-meanwhile")
        for change in changes:
            assert set(change.found) == self.held.get(change.name, set())
            self.held[change.name] = set(change.result)

    @override
    def wait_until_seen(
        self, changes: Sequence[RrsetChange], *, timeout: float = 0, exactly: bool = True
    ) -> tuple[NotSeen, ...]:
        assert not exactly
        return self.unseen


@pytest.fixture
def zone() -> MemoryZone:
    return MemoryZone("192.0.2.53", None, Lookup(["192.0.2.53"]), SystemClock())


def solver(zone: MemoryZone) -> Rfc2136Solver:
    return Rfc2136Solver(lambda: zone, Delegations(zone.lookup, Watcher()), 5.0)


def test_all_records_come_in_one_update_beside_what_is_there_and_only_they_go(zone: MemoryZone) -> None:
    zone.held[NAME] = {'"theirs"'}
    solver(zone).present((ONE, WILD, OTHER))
    assert zone.held == {NAME: {'"theirs"', '"v1"', '"v2"'}, "_acme-challenge.sip.contoso.com": {'"v3"'}}
    assert zone.updates == 1
    solver(zone).clean_up((ONE, OTHER))
    solver(zone).clean_up((ONE, WILD))
    assert zone.held == {NAME: {'"theirs"'}, "_acme-challenge.sip.contoso.com": set()}


def test_another_run_at_the_same_name_is_no_fault(zone: MemoryZone) -> None:
    zone.busy = TRIES - 1
    solver(zone).present((ONE,))
    assert zone.held[NAME] == {'"v1"'}
    zone.busy = TRIES
    with pytest.raises(ChallengeError) as caught:
        solver(zone).present((WILD,))
    assert caught.value.code == "dns-changed-meanwhile"
    zone.busy = TRIES
    with pytest.raises(ChallengeError):
        solver(zone).clean_up((ONE,))


def test_a_server_that_does_not_follow_is_named(zone: MemoryZone) -> None:
    zone.unseen = (NotSeen("192.0.2.54:53", NAME, "TXT", "holds nothing"),)
    with pytest.raises(ChallengeError, match=r"192\.0\.2\.54:53: .* holds nothing") as caught:
        solver(zone).present((ONE,))
    assert caught.value.code == "record-not-seen"
    assert "propagation_timeout" in caught.value.hint
