"""The shapes outsiders rely on, and the lines people read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from edgecert.cli import shapes
from edgecert.interfaces import Deployment, TargetVerdict
from tests.support.world import World, a_request


def test_days_left_floors_and_goes_negative() -> None:
    world = World()
    world.apply(a_request("edge"))
    meta = world.store.load_meta("edge", 1)
    assert shapes.days_left(meta, meta.not_after - timedelta(hours=1)) == 0
    assert shapes.days_left(meta, meta.not_after + timedelta(hours=1)) == -1


def test_a_target_says_what_it_serves() -> None:
    entry = Deployment("gw", "gateway", wanted=2, serving=2, verdict=TargetVerdict.SAME)
    assert shapes.target(entry)["ok"] is True
    assert "serves generation 2" in shapes.describe_target(entry, 12)
    down = replace(entry, serving=1, verdict=TargetVerdict.NOT_RUNNING)
    assert shapes.target(down)["ok"] is False
    assert "hands it generation 2" in shapes.describe_target(down)
    wrong = replace(entry, serving=1, verdict=TargetVerdict.DIFFERENT, last_error="boom")
    assert "FAILED: boom; in service: 1" in shapes.describe_target(wrong)
    assert "in service: nothing" in shapes.describe_target(replace(wrong, serving=None), failed=True)
