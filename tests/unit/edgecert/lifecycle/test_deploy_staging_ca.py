"""What a test CA signed never reaches a target by accident, whichever verb is used."""

from __future__ import annotations

import pytest

from edgecert.lifecycle.apply import ApplyOptions
from edgecert.shared.errors import DeployError
from tests.support.world import World, a_request


@pytest.fixture
def world() -> World:
    """A target that serves generation 1 of a real CA; from now on a test CA signs."""
    made = World()
    made.apply(a_request("edge", "gw"))
    made.ca.staging_ca = True
    return made


def test_apply_leaves_in_service_what_there_was(world: World) -> None:
    applied = world.apply(a_request("edge", "gw"), ApplyOptions(force=True))
    assert applied.outcome.bundle is not None
    assert applied.outcome.bundle.meta.staging_ca
    assert world.serving() == 1
    assert "staging-ca" in world.watcher.codes
    assert applied.error is None


def test_renew_leaves_in_service_what_there_was(world: World) -> None:
    result = world.renew(force=True)
    assert result.action == "renewed"
    assert world.serving() == 1
    assert world.store.deployments("edge").targets[0].wanted == 1
    world.renew()
    assert world.serving() == 1, "nor does the next run that finishes open deployments"


def test_a_first_certificate_of_a_test_ca_goes_nowhere() -> None:
    world = World()
    world.ca.staging_ca = True
    world.apply(a_request("edge", "gw"))
    assert world.serving() is None
    world.renew()
    assert world.serving() is None
    world.ca.staging_ca = False
    world.apply(a_request("edge", "gw"), ApplyOptions(force=True))
    assert world.serving() == 2


def test_by_hand_only_with_the_word_for_it(world: World) -> None:
    applied = world.apply(a_request("edge", "gw"), ApplyOptions(force=True))
    assert applied.outcome.bundle is not None
    with pytest.raises(DeployError):
        world.deploying.refuse_unfit(applied.outcome.bundle.meta, automatic=False)
    world.deploying.refuse_unfit(applied.outcome.bundle.meta, automatic=False, allow_staging_ca=True)
