from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from edgecert.interfaces import Informing, SavedSettings
from edgecert.lifecycle.due import Asking
from edgecert.model.renewalinfo import RenewalInfo
from edgecert.shared.errors import NetworkError, RefusedError
from tests.support.world import FakeCa, World, a_request

if TYPE_CHECKING:
    from edgecert.model.renewalstate import RenewalState
    from edgecert.shared.bundle import BundleMeta

DIRECTORY = "https://ca.example/directory"
DAY = timedelta(days=1)


@dataclass
class InformingCa(Informing):
    """Says what it is told to, and counts how often it was asked."""

    info: RenewalInfo | None = None
    fault: Exception | None = None
    asked: list[str] = field(default_factory=list)

    @override
    def renewal_info(self, certificate_id: str) -> RenewalInfo | None:
        self.asked.append(certificate_id)
        if self.fault:
            raise self.fault
        return self.info


@dataclass
class Rig:
    """A certificate from an ACME directory, and the CA that is asked about it."""

    world: World
    ca: InformingCa
    fraction: float = 0.5

    def refresh(self, *, directory: str = DIRECTORY) -> RenewalState:
        asking = Asking(
            self.world.store,
            lambda _settings: self.ca,  # type: ignore[arg-type,return-value]  # only what is asked
            self.world.clock,
            self.world.watcher,
            lambda: self.fraction,
        )
        state = asking.refresh(self.meta, self.settings(directory), self.world.due.state(self.meta))
        self.world.records.save("edge", state)
        return state

    @property
    def meta(self) -> BundleMeta:
        return replace(self.world.store.load_meta("edge", 1), directory=DIRECTORY)

    def settings(self, directory: str) -> SavedSettings:
        request = a_request("edge")
        issuer = replace(request.issuer, kind="acme", directory=directory)
        return SavedSettings(replace(request, issuer=issuer), self.world.clock.now())

    def window(self, start: float, end: float, wait: timedelta | None = None) -> RenewalInfo:
        now = self.world.clock.now()
        return RenewalInfo(now + start * DAY, now + end * DAY, "https://ca.example/why", wait)


@pytest.fixture
def rig() -> Rig:
    world = World()
    world.apply(a_request("edge"))
    return Rig(world, InformingCa())


def test_a_time_is_picked_in_the_window_and_kept_until_the_window_changes(rig: Rig) -> None:
    rig.ca.info = rig.window(10, 20, timedelta(hours=6))
    first = rig.refresh()
    assert first.window is not None
    assert first.window.picked == rig.world.clock.now() + 15 * DAY
    assert rig.world.due.decide(rig.meta, None).due_at == first.window.picked
    assert "https://ca.example/why" in rig.world.watcher.steps[-1]
    rig.fraction = 0.9
    rig.world.clock.advance(timedelta(hours=6))
    second = rig.refresh()
    assert second.window is not None
    assert second.window.picked == first.window.picked
    rig.ca.info = rig.window(0, 10)
    rig.world.clock.advance(timedelta(hours=6))
    third = rig.refresh()
    assert third.window is not None
    assert third.window.picked != first.window.picked


def test_the_ca_is_not_asked_before_it_wants_to_be(rig: Rig) -> None:
    rig.ca.info = rig.window(10, 20, timedelta(hours=2))
    rig.refresh()
    rig.world.clock.advance(timedelta(hours=1, minutes=59))
    rig.refresh()
    assert len(rig.ca.asked) == 1
    rig.world.clock.advance(timedelta(minutes=1))
    rig.refresh()
    assert len(rig.ca.asked) == 2


@pytest.mark.parametrize("fault", [NetworkError("unreachable"), RefusedError("no such certificate")])
def test_a_ca_that_cannot_be_asked_is_no_fault_and_what_it_said_counts_on(rig: Rig, fault: Exception) -> None:
    rig.ca.info = rig.window(10, 20, timedelta(hours=1))
    before = rig.refresh().window
    rig.ca.fault = fault
    rig.world.clock.advance(timedelta(hours=1))
    after = rig.refresh().window
    assert before is not None
    assert after is not None
    assert (after.info, after.picked) == (before.info, before.picked)
    assert after.ask_again_at == rig.world.clock.now() + timedelta(hours=6)


def test_a_window_in_the_past_is_now(rig: Rig) -> None:
    rig.ca.info = rig.window(-2, -1)
    state = rig.refresh()
    assert rig.world.due.decide(rig.meta, None, state).due


def test_only_the_ca_that_issued_it_is_asked(rig: Rig) -> None:
    rig.ca.info = rig.window(-2, -1)
    assert rig.refresh(directory="https://another.example/directory").window is None
    assert rig.ca.asked == []


def test_a_ca_without_such_information_leaves_it_to_the_settings(rig: Rig) -> None:
    state = rig.refresh()
    assert state.window is not None
    assert state.window.picked is None
    assert rig.world.due.decide(rig.meta, None, state).due_at > rig.world.clock.now() + 50 * DAY


def test_an_issuer_that_is_no_acme_ca_is_not_asked() -> None:
    assert not isinstance(FakeCa, Informing)
