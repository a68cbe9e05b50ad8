"""Renewal: by time, from the saved settings alone, one lineage never in the way of another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from edgecert.lifecycle.renew import planned_part
from edgecert.shared.errors import PlanError
from tests.support.world import World, a_request, with_names


def test_nothing_is_done_before_it_is_due() -> None:
    world = World()
    world.apply(a_request("edge", "gw"))
    result = world.renew()
    assert result.action == "not-due"
    assert result.due_at is not None
    assert result.due_at > world.clock.now()
    assert len(world.ca.orders) == 1


def test_what_is_due_is_renewed_and_deployed() -> None:
    world = World()
    world.apply(a_request("edge", "gw"))
    world.clock.advance(timedelta(days=61))
    result = world.renew()
    assert result.action == "renewed"
    assert world.serving() == 2
    assert world.renew().action == "not-due"


def test_renewal_obeys_the_saved_settings_alone() -> None:
    world = World()
    world.apply(a_request("edge", "gw"))
    saved = world.store.load_settings("edge")
    assert saved is not None
    world.store.save_settings("edge", replace(saved, request=with_names(saved.request, "fabrikam.example")))
    world.renew(force=True)
    assert "fabrikam.example" in world.store.load_meta("edge", 2).names


def test_a_key_that_is_reused_stays_and_else_it_changes() -> None:
    world = World()
    request = a_request("edge", "gw")
    world.apply(request)
    world.renew(force=True)
    world.apply(replace(request, certificate=replace(request.certificate, reuse_key=True)))
    world.renew(force=True)
    keys = [world.store.load_bundle("edge", number).key for number in (1, 2, 3)]
    assert keys[0] != keys[1]
    assert keys[1] == keys[2]


def test_an_unknown_certificate_fails_with_its_reason() -> None:
    result = World().renew("nowhere")
    assert result.action == "failed"
    assert result.error is not None
    assert result.error.code == "no-such-certificate"


def test_a_due_csr_lineage_waits_anew_once() -> None:
    world = World(kind="csr")
    request = a_request("edge", kind="csr")
    world.apply(request)
    first, second = world.renew(), world.renew()
    assert (first.action, first.newly_waiting) == ("waiting", False)
    assert (second.action, second.newly_waiting) == ("waiting", False)
    assert len(world.store.requests("edge")) == 1
    forced = World(kind="csr")
    forced.save(request)
    assert forced.renew().newly_waiting


def test_a_locked_lineage_fails_alone() -> None:
    world = World()
    world.apply(a_request("edge", "gw"))
    with world.store.lock("edge", 1.0):
        result = world.renew(force=True)
    assert result.action == "failed"
    assert result.error is not None
    assert result.error.code == "locked"


def test_settings_that_plan_no_such_part_are_refused() -> None:
    world = World()
    settings = world.save(a_request("edge"))
    assert planned_part(settings, "edge").name == "edge"
    with pytest.raises(PlanError):
        planned_part(settings, "edge-2")


def test_failures_and_new_waiting_are_told_to_the_notify_command() -> None:
    world = World()
    request = a_request("edge", "gw")
    world.apply(replace(request, renewal=replace(request.renewal, notify_command=("tell", "me"))))
    world.renew(force=True)
    assert world.told == []
    world.ca.refuse = True
    world.renew(force=True)
    ((command, document),) = world.told
    assert command == ("tell", "me")
    assert document["event"] == "renewal-failed"
    assert document["name"] == "edge"
