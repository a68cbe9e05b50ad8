"""What prune must leave."""

from __future__ import annotations

from datetime import timedelta

from edgecert.lifecycle.protect import protected_generations
from tests.support.world import World, a_request


def test_current_serving_wanted_and_staged_are_protected() -> None:
    world = World()
    world.apply(a_request("edge", "gw"))
    for _ in range(3):
        world.renew(force=True)
    world.deploying.stage(world.store.load_bundle("edge", 2), (), world.clock.now() + timedelta(days=1))
    assert protected_generations(world.store, "edge") == {2, 4}
