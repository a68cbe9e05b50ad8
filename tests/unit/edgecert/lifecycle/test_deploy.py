"""Deploying: each target a transaction, what was handed over is seen, and what is seen to be wrong goes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from edgecert.interfaces import DeployOptions, TargetVerdict
from edgecert.lifecycle.apply import ApplyOptions
from edgecert.lifecycle.results import Staging
from edgecert.shared.errors import DeployError, StoreError
from tests.support.world import World, a_request

if TYPE_CHECKING:
    from edgecert.model.request import DeployTarget
    from edgecert.shared.bundle import Bundle

GW = a_request("edge", "gw").deploy
BOTH = a_request("edge", "gw", "second").deploy


@pytest.fixture
def world() -> World:
    """Generation 1 in service at both targets."""
    world = World()
    world.apply(a_request("edge", "gw", "second"))
    return world


def next_generation(world: World) -> Bundle:
    """Issue one more generation without deploying it."""
    applied = world.apply(a_request("edge", "gw", "second"), ApplyOptions(force=True, deploy=False))
    assert applied.outcome.bundle is not None
    return applied.outcome.bundle


def test_one_target_that_fails_does_not_stop_the_others(world: World) -> None:
    bundle = next_generation(world)
    world.targets["gw"].refusing = True
    results = world.deploying.deploy(bundle, BOTH)
    assert [(result.failed, result.ok) for result in results] == [(True, False), (False, True)]
    assert (world.serving("gw"), world.serving("second")) == (1, 2)
    entry = world.store.deployments("edge").find("gw")
    assert entry is not None
    assert (entry.wanted, entry.serving, entry.last_error) == (2, 1, "the reload command failed")


def test_a_target_that_takes_it_and_serves_another_gets_its_previous_generation_back(world: World) -> None:
    bundle = next_generation(world)
    world.targets["gw"].serves_other = True
    (result,) = world.deploying.deploy(bundle, GW)
    assert result.failed
    assert world.targets["gw"].pushes[-1] == (1, DeployOptions(rollback=True, allow_drop=True))
    assert "generation 1 is back in service" in result.deployment.last_error


def test_it_never_goes_back_to_an_expired_generation(world: World) -> None:
    world.expire()
    bundle = next_generation(world)
    world.targets["gw"].serves_other = True
    (result,) = world.deploying.deploy(bundle, GW)
    assert result.failed
    assert [generation for generation, _options in world.targets["gw"].pushes] == [1, 2]


def test_a_target_that_cannot_be_seen_is_not_rolled_back(world: World) -> None:
    bundle = next_generation(world)
    world.targets["gw"].blind = True
    (result,) = world.deploying.deploy(bundle, GW)
    assert not result.failed
    assert result.deployment.verdict is TargetVerdict.UNVERIFIED
    assert world.serving() == 2
    assert "unverified" in world.watcher.codes


def test_a_target_that_is_down_is_warned_of_and_finished_later(world: World) -> None:
    bundle = next_generation(world)
    world.targets["gw"].running = False
    (result,) = world.deploying.deploy(bundle, GW)
    assert not result.failed
    assert result.deployment.verdict is TargetVerdict.NOT_RUNNING
    assert "not-running" in world.watcher.codes
    world.targets["gw"].running = True
    assert [entry.ok for entry in world.deploying.finish_open("edge", BOTH)] == [True]
    assert world.serving() == 2


def test_a_failed_target_is_left_alone_until_its_time_comes(world: World) -> None:
    world.targets["gw"].refusing = True
    world.deploying.deploy(next_generation(world), GW)
    world.targets["gw"].refusing = False
    assert world.deploying.finish_open("edge", GW) == ()
    world.clock.advance(world.deploying_retry)
    assert len(world.deploying.finish_open("edge", GW)) == 1
    assert world.serving() == 2


def test_an_open_deployment_is_finished_with_the_newest_generation(world: World) -> None:
    world.targets["gw"].running = False
    world.deploying.deploy(next_generation(world), GW)
    next_generation(world)
    world.targets["gw"].running = True
    world.deploying.finish_open("edge", GW)
    assert world.serving() == 3


def test_rollback_holds_the_bad_one_and_nothing_automatic_brings_it_back(world: World) -> None:
    world.deploying.deploy(next_generation(world), BOTH)
    bundle, results = world.deploying.rollback("edge", BOTH, reason="calls fail")
    assert bundle.meta.generation == 1
    assert all(result.ok for result in results)
    assert world.store.deployments("edge").held == {2: "calls fail"}
    assert world.store.current("edge") == 1
    assert world.renew().action == "not-due"
    world.apply(a_request("edge", "gw", "second"))
    assert world.serving() == 1


def test_rollback_without_an_earlier_generation_says_so(world: World) -> None:
    with pytest.raises(DeployError) as refused:
        world.deploying.rollback("edge", BOTH, reason="")
    assert refused.value.code == "no-earlier-generation"
    assert world.store.deployments("edge").held == {}


def test_a_held_generation_may_be_deployed_by_hand_only(world: World) -> None:
    world.deploying.deploy(next_generation(world), BOTH)
    world.deploying.rollback("edge", BOTH, reason="calls fail")
    meta = world.store.load_meta("edge", 2)
    world.deploying.refuse_unfit(meta, automatic=False)
    with pytest.raises(DeployError) as refused:
        world.deploying.refuse_unfit(meta, automatic=True)
    assert refused.value.code == "held"


def test_what_a_person_puts_back_is_no_longer_held_and_stays(world: World) -> None:
    bundle = next_generation(world)
    world.deploying.deploy(bundle, BOTH)
    world.deploying.rollback("edge", BOTH, reason="calls fail")
    world.deploying.deploy(bundle, BOTH)
    assert world.deploying.release(bundle.meta)
    assert not world.deploying.release(bundle.meta)
    assert (world.store.deployments("edge").held, world.store.current("edge")) == ({}, 2)
    world.apply(a_request("edge", "gw", "second"))
    assert world.serving() == 2


def test_expired_and_test_ca_generations_are_refused(world: World) -> None:
    meta = world.store.load_meta("edge", 1)
    staging = replace(meta, staging_ca=True)
    with pytest.raises(DeployError) as refused:
        world.deploying.refuse_unfit(staging, automatic=False)
    assert refused.value.code == "staging-ca"
    world.deploying.refuse_unfit(staging, automatic=False, allow_staging_ca=True)
    world.expire()
    with pytest.raises(DeployError) as expired:
        world.deploying.refuse_unfit(meta, automatic=False)
    assert expired.value.code == "expired"


def test_a_staged_generation_waits_for_its_date_whatever_runs_before(world: World) -> None:
    bundle = next_generation(world)
    when = world.clock.now() + timedelta(days=2)
    assert world.deploying.stage(bundle, BOTH, when).handed == ("gw", "second")
    assert world.targets["gw"].staged == {2: when}
    world.apply(a_request("edge", "gw", "second"))
    assert world.renew().action == "not-due"
    assert world.serving() == 1
    world.clock.advance(timedelta(days=2))
    assert world.renew().action == "deployed"
    assert world.serving() == 2
    assert world.store.staged("edge") is None


def test_a_newer_deploy_cancels_a_staged_one_and_says_so(world: World) -> None:
    staged = next_generation(world)
    world.deploying.stage(staged, GW, world.clock.now() + timedelta(days=2))
    world.deploying.deploy(next_generation(world), GW)
    assert world.store.staged("edge") is None
    assert world.targets["gw"].staged == {}
    assert "staged-cancelled" in world.watcher.codes


def test_cancelling_gives_what_was_staged(world: World) -> None:
    assert world.deploying.cancel_staged("edge", GW) is None
    world.deploying.stage(next_generation(world), GW, world.clock.now() + timedelta(days=2))
    staged = world.deploying.cancel_staged("edge", GW)
    assert staged is not None
    assert staged.generation == 2


def test_going_to_a_lower_number_is_said_to_the_target_as_a_rollback(world: World) -> None:
    world.deploying.deploy(next_generation(world), GW)
    world.deploying.deploy(world.store.load_bundle("edge", 1), GW)
    assert world.targets["gw"].pushes[-1] == (1, DeployOptions(rollback=True))


def a_target(world: World) -> DeployTarget:
    return world.targets["gw"].target


def test_looking_keeps_what_was_seen(world: World) -> None:
    world.targets["gw"].serving = None
    result = world.deploying.look(world.store.load_bundle("edge", 1), a_target(world))
    assert result.deployment.verdict is TargetVerdict.DIFFERENT
    entry = world.store.deployments("edge").find("gw")
    assert entry is not None
    assert entry.verdict is TargetVerdict.DIFFERENT
    assert entry.verified_at == world.clock.now()


def test_a_target_that_may_not_be_asked_fails_alone(world: World) -> None:
    bundle = next_generation(world)
    world.targets["gw"].forbidden = True
    results = world.deploying.deploy(bundle, BOTH)
    assert [result.failed for result in results] == [True, False]
    assert (world.serving("gw"), world.serving("second")) == (1, 2)


def test_an_open_deployment_of_a_generation_that_is_no_longer_wanted_is_closed(world: World) -> None:
    world.deploying.announce("edge", 7, BOTH)
    assert all(entry.open for entry in world.store.deployments("edge").targets)
    assert world.deploying.finish_open("edge", BOTH) == ()
    assert [(entry.wanted, entry.serving) for entry in world.store.deployments("edge").targets] == [(1, 1)] * 2


def test_nothing_fit_is_said_and_nothing_at_all_is_no_fault(world: World) -> None:
    world.targets["gw"].running = False
    world.deploying.deploy(next_generation(world), GW)
    world.targets["gw"].running = True
    world.expire()
    assert world.deploying.finish_open("edge", BOTH) == ()
    assert "nothing-to-deploy" in world.watcher.codes
    fresh = World()
    fresh.save(a_request("edge", "gw"))
    fresh.deploying.announce("edge", 1, GW)
    assert fresh.deploying.finish_open("edge", GW) == ()
    assert fresh.watcher.codes == []
    with pytest.raises(StoreError):
        fresh.deploying.rollback("edge", GW, reason="")


def test_finishing_says_what_this_run_was_told(world: World) -> None:
    world.targets["gw"].refusing = True
    world.deploying.deploy(next_generation(world), GW)
    world.targets["gw"].refusing = False
    world.deploying.finish_open("edge", GW, now_or_never=True, options=DeployOptions(allow_drop=True))
    assert world.targets["gw"].pushes[-1] == (2, DeployOptions(allow_drop=True))


def test_rollback_that_dies_before_the_push_is_finished_by_renew(world: World) -> None:
    world.deploying.deploy(next_generation(world), BOTH)
    world.targets["gw"].running = world.targets["second"].running = False
    world.deploying.rollback("edge", BOTH, reason="calls fail")
    assert [(entry.wanted, entry.serving) for entry in world.store.deployments("edge").targets] == [(1, 2)] * 2
    world.targets["gw"].running = world.targets["second"].running = True
    assert world.renew().action == "deployed"
    assert (world.serving("gw"), world.serving("second")) == (1, 1)


def test_rollback_passes_over_what_is_held_or_expired(world: World) -> None:
    for _ in range(2):
        world.deploying.deploy(next_generation(world), BOTH)
    world.deploying.rollback("edge", BOTH, reason="3 is bad")
    bundle, _results = world.deploying.rollback("edge", BOTH, reason="2 is bad")
    assert bundle.meta.generation == 1
    world.clock.advance(timedelta(days=60))
    world.deploying.deploy(next_generation(world), BOTH)
    world.clock.advance(timedelta(days=60))
    with pytest.raises(DeployError) as refused:
        world.deploying.rollback("edge", BOTH, reason="4 is bad, and 1 has expired")
    assert refused.value.code == "no-earlier-generation"


def test_going_back_that_fails_too_is_told(world: World) -> None:
    bundle = next_generation(world)
    target = world.targets["gw"]
    target.serves_other = True
    target.refuse_lower = True
    (result,) = world.deploying.deploy(bundle, GW)
    assert "going back to generation 1 failed too" in result.deployment.last_error


def test_a_target_that_cannot_be_staged_at_is_warned_of(world: World) -> None:
    bundle = next_generation(world)
    world.targets["gw"].running = False
    when = world.clock.now() + timedelta(days=2)
    assert world.deploying.stage(bundle, BOTH, when) == Staging(("second",))
    assert "not-running" in world.watcher.codes
    assert world.deploying.cancel_staged("edge", BOTH) is not None
    assert world.targets["second"].staged == {}


def test_a_renamed_lineage_says_what_it_was_called(world: World) -> None:
    world.store.rename("edge", "front")
    world.deploying.deploy(world.store.load_bundle("front", 1), GW)
    assert world.targets["gw"].pushes[-1] == (1, DeployOptions(replaces=("edge",)))
