"""The doctor's verdicts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from edgecert.lifecycle.check import Checking, CheckResult, CheckVerdict
from tests.support.world import World, a_request


def check(world: World, *, changed: bool = False) -> dict[str, CheckResult]:
    checking = Checking(world.store, world.deploying, world.due, lambda _settings: changed, world.clock)
    return {result.check: result for result in checking.check("edge")}


@pytest.fixture
def world() -> World:
    """A certificate in service."""
    world = World()
    world.apply(a_request("edge", "gw"))
    return world


def test_all_is_well(world: World) -> None:
    assert {name: result.verdict for name, result in check(world).items()} == {
        "material": CheckVerdict.OK,
        "validity": CheckVerdict.OK,
        "served": CheckVerdict.OK,
    }


@pytest.mark.parametrize(
    ("days", "verdict"),
    [(61, CheckVerdict.OK), (71, CheckVerdict.WARNING), (81, CheckVerdict.CRITICAL), (120, CheckVerdict.CRITICAL)],
)
def test_an_overdue_renewal_is_raised_by_thirds(world: World, days: int, verdict: CheckVerdict) -> None:
    world.clock.advance(timedelta(days=days))
    assert check(world)["validity"].verdict is verdict


def test_what_is_served_is_seen_and_the_command_that_mends_it_is_named(world: World) -> None:
    world.targets["gw"].serving = None
    assert check(world)["served"].verdict is CheckVerdict.CRITICAL
    assert check(world)["served"].hint == "edgecert deploy edge --target gw"
    world.targets["gw"].running = False
    assert check(world)["served"].verdict is CheckVerdict.CRITICAL
    world.targets["gw"].running, world.targets["gw"].blind = True, True
    assert check(world)["served"].verdict is CheckVerdict.WARNING


def test_a_changed_flags_file_is_a_warning(world: World) -> None:
    assert check(world, changed=True)["settings"].verdict is CheckVerdict.WARNING


def test_a_lineage_that_waits_says_for_what() -> None:
    world = World(kind="csr")
    world.apply(a_request("edge", kind="csr"))
    result = check(world)["certificate"]
    assert (result.verdict, result.hint) == (CheckVerdict.WARNING, "edgecert import ANSWER")


def test_a_request_that_is_open_is_a_warning_with_the_way_to_end_it(world: World) -> None:
    world.ca.refuse = True
    world.renew(force=True)
    (request,) = [entry for entry in world.store.requests("edge") if entry.state == "open"]
    assert check(world)["request"].hint.endswith(f"--cancel {request.id}")


def test_material_that_cannot_be_read_is_critical(world: World) -> None:
    bundle = world.store.load_bundle("edge", 1)
    world.renew(force=True)
    other = world.store.load_bundle("edge", 2)
    world.store.add_generation(replace(other, key=bundle.key, meta=replace(other.meta, generation=3)))
    assert check(world)["material"].verdict is CheckVerdict.CRITICAL


def test_nothing_is_asked_of_targets_when_nothing_may_serve(world: World) -> None:
    world.expire()
    assert check(world).keys() == {"material", "validity"}


def test_a_lineage_without_settings_is_looked_at_too(world: World) -> None:
    bare = World()
    bare.store.add_generation(world.store.load_bundle("edge", 1))
    assert check(bare).keys() == {"material", "validity"}
