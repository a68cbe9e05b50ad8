"""Applying: only what is missing is done, and every combination of failures leaves a state that the next run mends."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from edgecert.interfaces import TargetVerdict
from edgecert.lifecycle.apply import ApplyOptions, Origin
from edgecert.model.request import DeployTarget
from edgecert.shared.errors import PlanError, RefusedError, UsageError
from tests.support.world import World, a_request, with_names


def test_a_first_apply_issues_deploys_and_saves_the_settings() -> None:
    world = World()
    applied = world.apply(a_request("edge", "gw"))
    assert applied.outcome.action == "issued"
    assert applied.reason == "there is no certificate yet"
    assert world.serving() == 1
    assert [result.ok for result in applied.deployments] == [True]
    settings = world.store.load_settings("edge")
    assert settings is not None
    assert settings.request == a_request("edge", "gw")


def test_a_second_apply_does_nothing_but_look() -> None:
    world = World()
    world.apply(a_request("edge", "gw"))
    again = world.apply(a_request("edge", "gw"))
    assert again.outcome.action == "unchanged"
    assert not again.settings_changed
    assert len(world.ca.orders) == 1
    assert len(world.targets["gw"].pushes) == 1
    assert again.deployments[0].deployment.verdict is TargetVerdict.SAME


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda request: with_names(request, "contoso.example", "fabrikam.example"), "names added: "),
        (with_names, "names dropped: contoso.example"),
        (
            lambda request: replace(request, certificate=replace(request.certificate, bit_length=384)),
            "key ecdsa-256 → ecdsa-384",
        ),
        (
            lambda request: replace(request, certificate=replace(request.certificate, exportable=False)),
            "key not exportable",
        ),
        (
            lambda request: replace(request, certificate=replace(request.certificate, client_auth=True)),
            "subject, role or template",
        ),
        (
            lambda request: replace(request, subject=replace(request.subject, organization="Contoso")),
            "subject, role or template",
        ),
    ],
)
def test_what_makes_another_certificate_is_issued_anew_and_named(change, reason: str) -> None:  # type: ignore[no-untyped-def]
    world = World()
    world.apply(a_request("edge", "gw"))
    applied = world.apply(change(a_request("edge", "gw")))
    assert applied.outcome.action == "issued"
    assert reason in applied.reason
    assert world.serving() == 2


def test_what_makes_no_other_certificate_only_changes_the_settings() -> None:
    world = World()
    request = a_request("edge", "gw")
    world.apply(request)
    applied = world.apply(replace(request, renewal=replace(request.renewal, renew_before="20d")))
    assert applied.outcome.action == "unchanged"
    assert applied.settings_changed
    assert len(world.ca.orders) == 1
    saved = world.store.load_settings("edge")
    assert saved is not None
    assert saved.request.renewal.renew_before == "20d"


def test_a_dry_run_changes_nothing() -> None:
    world = World()
    applied = world.apply(a_request("edge", "gw"), ApplyOptions(dry_run=True))
    assert applied.reason == "there is no certificate yet"
    assert world.store.lineages() == ()
    assert world.ca.orders == []
    assert world.targets == {}


def test_force_issues_although_nothing_differs() -> None:
    world = World()
    world.apply(a_request("edge", "gw"))
    assert world.apply(a_request("edge", "gw"), ApplyOptions(force=True)).outcome.action == "issued"
    assert world.store.generations("edge") == (1, 2)


def test_error_findings_stop_before_anything_is_made() -> None:
    world = World()
    with pytest.raises(PlanError):
        world.apply(a_request("edge", "gw", domains=("bad_name.example",)))
    assert world.store.lineages() == ()


def test_a_csr_that_is_open_and_unchanged_is_not_made_twice() -> None:
    world = World(kind="csr")
    first = world.apply(a_request("edge", kind="csr"))
    second = world.apply(a_request("edge", kind="csr"))
    assert (first.outcome.action, first.outcome.newly_waiting) == ("waiting", True)
    assert (second.outcome.action, second.outcome.newly_waiting) == ("waiting", False)
    assert len(world.store.requests("edge")) == 1


def test_a_target_that_serves_something_else_is_given_the_certificate_again() -> None:
    world = World()
    world.apply(a_request("edge", "gw"))
    world.targets["gw"].serving = None
    applied = world.apply(a_request("edge", "gw"))
    assert applied.outcome.action == "unchanged"
    assert world.serving() == 1


def test_a_target_dropped_from_the_file_is_forgotten() -> None:
    world = World()
    world.apply(a_request("edge", "gw", "second"))
    world.apply(a_request("edge", "gw"))
    assert [entry.target for entry in world.store.deployments("edge").targets] == ["gw"]


def files_target(name: str) -> DeployTarget:
    return DeployTarget(name=name, kind="files", directory="/etc/prosody/certs")


def test_a_place_has_one_owner_until_it_is_taken_over() -> None:
    world = World()
    first = replace(a_request("first"), deploy=(files_target("prosody"),))
    second = replace(a_request("second", domains=("fabrikam.example",)), deploy=(files_target("other"),))
    world.apply(first)
    with pytest.raises(UsageError) as refused:
        world.apply(second)
    assert refused.value.code == "target-taken"
    world.apply(second, ApplyOptions(take_over=True))
    settings = world.store.load_settings("first")
    assert settings is not None
    assert settings.request.deploy == ()


def test_parts_of_a_split_are_lineages_with_files_of_their_own() -> None:
    world = World()
    domains = tuple(f"d{number}.example" for number in range(60))
    request = replace(a_request("edge", domains=domains), deploy=(files_target("prosody"),))
    applied = world.applying.apply(request, Origin(), ApplyOptions())
    assert [entry.name for entry in applied] == ["edge", "edge-2"]
    second = world.store.load_settings("edge-2")
    assert second is not None
    assert second.request.deploy[0].cert_file == "fullchain-2.pem"
    assert [entry.outcome.action for entry in world.applying.apply(request, Origin(), ApplyOptions())] == [
        "unchanged"
    ] * 2


# --- the fault matrix: issue {ok, fails} × deploy {ok, fails, gateway down} × {restart} × {current expired} -----------

MATRIX = list(product((True, False), ("ok", "fails", "down"), (True, False), (True, False)))


@pytest.mark.parametrize(("issue_ok", "deploy", "restart", "expired"), MATRIX)
def test_fault_matrix(issue_ok: bool, deploy: str, restart: bool, expired: bool) -> None:
    """Generation 1 is in service; new names are applied while things fail; then everything works again."""
    world = World()
    world.apply(a_request("edge", "gw"))
    if expired:
        world.expire()
    changed = with_names(a_request("edge", "gw"), "contoso.example", "fabrikam.example")
    world.ca.refuse = not issue_ok
    target = world.targets["gw"]
    target.refusing, target.running = deploy == "fails", deploy != "down"

    if issue_ok:
        applied = world.apply(changed)
        assert applied.outcome.action == "issued"
        assert (applied.error is not None) == (deploy == "fails")
    else:
        with pytest.raises(RefusedError):
            world.apply(changed)

    # Whatever failed: what was in service stays in service, and the store says what is open.
    assert world.store.current("edge") == (2 if issue_ok else 1)
    assert world.serving() == (2 if issue_ok and deploy == "ok" else 1)
    entry = world.store.deployments("edge").find("gw")
    assert entry is not None
    assert entry.open == (issue_ok and deploy != "ok")
    states = sorted(request.state for request in world.store.requests("edge"))
    assert states == ["completed", "completed" if issue_ok else "open"]

    if restart:
        world.restart()
    world.ca.refuse, target.refusing, target.running = False, False, True
    orders = len(world.ca.orders)
    keys = {request.spki_sha256 for request in world.store.requests("edge")}
    mended = world.apply(changed)

    # The next run finishes: no second order where the first was good, no second key where the first waits.
    assert mended.error is None
    assert world.serving() == 2
    assert len(world.ca.orders) == orders + (0 if issue_ok else 1)
    assert {request.spki_sha256 for request in world.store.requests("edge")} == keys
    assert not any(state.open for state in world.store.deployments("edge").targets)


@pytest.mark.parametrize(("issue_ok", "deploy", "restart", "expired"), MATRIX)
def test_fault_matrix_of_renewal(issue_ok: bool, deploy: str, restart: bool, expired: bool) -> None:
    """The same for ``renew``, which obeys the saved settings and must also finish by itself."""
    world = World()
    world.apply(a_request("edge", "gw"))
    if expired:
        world.expire()
    world.ca.refuse = not issue_ok
    target = world.targets["gw"]
    target.refusing, target.running = deploy == "fails", deploy != "down"
    result = world.renew(force=True)
    assert result.action == ("renewed" if issue_ok else "failed")
    assert (result.error is not None) == (not issue_ok or deploy == "fails")
    assert world.serving() == (2 if issue_ok and deploy == "ok" else 1)

    if restart:
        world.restart()
    world.ca.refuse, target.refusing, target.running = False, False, True
    orders = len(world.ca.orders)
    world.clock.advance(world.deploying_retry)
    mended = world.renew(force=not issue_ok)
    assert mended.error is None
    assert mended.action == ("renewed" if not issue_ok else "not-due" if deploy == "ok" else "deployed")
    assert world.serving() == 2
    assert len(world.ca.orders) == orders + (0 if issue_ok else 1)
