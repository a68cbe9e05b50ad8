"""A split: each part a lineage of its own that keeps its names, its files and its neighbours' peace."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgecert.lifecycle.apply import ApplyOptions, Origin
from edgecert.lifecycle.parts import planned_part, request_of_part
from edgecert.model.request import DeployTarget
from edgecert.model.sanplan import plan_sans
from edgecert.shared.errors import PlanError, RefusedError
from tests.support.world import World, a_request, with_names

MANY = tuple(f"d{number}.example" for number in range(60))


def test_each_part_has_files_of_its_own_beside_those_of_the_first() -> None:
    request = a_request("edge", domains=MANY)
    target = DeployTarget(name="files", kind="files", directory="/srv/a.b")
    request = replace(
        request,
        issuer=replace(request.issuer, request_file="/srv/a.b/edge"),
        deploy=(target, replace(target, name="each", layout="per-domain"), DeployTarget(name="gw")),
    )
    first, second = plan_sans(request).certificates
    assert request_of_part(request, first, 1) == request
    part = request_of_part(request, second, 2)
    assert (part.certificate.name, part.issuer.request_file) == ("edge-2", "/srv/a.b/edge-2")
    assert [entry.key_file for entry in part.deploy] == ["privkey-2.pem", "privkey.pem", "privkey.pem"]


def test_one_part_that_fails_does_not_stop_the_others() -> None:
    world = World()
    request = a_request("edge", "gw", domains=MANY)
    world.applying.apply(request, Origin(), ApplyOptions())
    world.ca.refuse_names = {"d59.example"}
    first, second = world.applying.apply(request, Origin(), ApplyOptions(force=True))
    assert (first.error, first.outcome.action) == (None, "issued")
    assert isinstance(second.error, RefusedError)
    assert (second.name, second.outcome.action) == ("edge-2", "unchanged")


def test_a_part_takes_no_certificate_that_is_something_else() -> None:
    world = World()
    world.apply(a_request("edge-2", domains=("litware.example",)))
    first, second = world.applying.apply(a_request("edge", domains=MANY), Origin(), ApplyOptions())
    assert first.error is None
    assert second.error is not None
    assert second.error.code == "name-taken"
    assert world.store.generations("edge-2") == (1,)


def test_a_part_that_is_no_longer_needed_is_told_of() -> None:
    world = World()
    world.applying.apply(a_request("edge", domains=MANY), Origin(), ApplyOptions())
    assert "part-not-planned" not in world.watcher.codes
    world.apply(a_request("edge", domains=MANY[:10]))
    assert ("part-not-planned", "edge-2") in [(code, path) for code, _message, path in world.watcher.warnings]


def test_parts_keep_their_names_whatever_they_are_called() -> None:
    world = World()
    request = a_request("edge", domains=tuple(f"d{number}.example" for number in range(60)))
    world.applying.apply(request, Origin(), ApplyOptions())
    settings = world.store.load_settings("edge-2")
    assert settings is not None
    second = [entry.name.text for entry in planned_part(settings, "edge-2").names]
    assert second == list(world.store.load_meta("edge-2", 1).names)
    renamed = replace(
        settings, request=replace(settings.request, certificate=replace(settings.request.certificate, name="late"))
    )
    assert planned_part(renamed, "late").name == "late"
    assert [entry.name.text for entry in planned_part(renamed, "late").names] == second


def test_settings_that_plan_no_such_part_are_refused() -> None:
    world = World()
    settings = world.save(a_request("edge"))
    assert planned_part(settings, "edge").name == "edge"
    with pytest.raises(PlanError):
        planned_part(replace(settings, part=2), "edge-2")
    with pytest.raises(PlanError):
        planned_part(replace(settings, request=with_names(settings.request, "bad_name.example")), "edge")
