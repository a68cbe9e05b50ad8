"""What a CA sent back: found by its public key, refused with the exact reason, never taken by half."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from edgecert.interfaces import IssueOrder, OpenRequest
from edgecert.lifecycle.intake import Intake, IntakeOptions
from edgecert.model.answer import Answer
from edgecert.model.csr import build_csr
from edgecert.model.keys import generate_key, load_key
from edgecert.model.request import Subject
from edgecert.model.sanplan import plan_sans
from edgecert.shared.errors import MaterialError, StoreError, UsageError
from tests.support.world import World, a_request

if TYPE_CHECKING:
    from edgecert.shared.names import GeneralName


@pytest.fixture
def world() -> World:
    """One CSR carried away, nothing back yet."""
    world = World(kind="csr")
    world.apply(a_request("edge", kind="csr"))
    return world


def intake(world: World) -> Intake:
    return Intake(world.store, world.clock, world.watcher, 1.0)


def answer_to(world: World, request: OpenRequest | None = None) -> Answer:
    wanted = request or world.store.requests("edge")[0]
    csr = x509.load_pem_x509_csr(wanted.csr_pem)
    names: tuple[GeneralName, ...] = ()
    order = IssueOrder("edge", wanted.id, csr, names, timedelta(days=90))
    return Answer(world.ca.sign(order), None, "")


def test_an_answer_completes_its_request(world: World) -> None:
    outcome = intake(world).take(answer_to(world), IntakeOptions())
    assert outcome.action == "imported"
    assert world.store.current("edge") == 1
    assert [request.state for request in world.store.requests("edge")] == ["completed"]
    assert world.apply(a_request("edge", kind="csr")).outcome.action == "unchanged"


def test_a_cancelled_request_can_still_be_answered(world: World) -> None:
    request = world.store.requests("edge")[0]
    answer = answer_to(world)
    world.store.save_request(replace(request, state="cancelled"))
    assert intake(world).take(answer, IntakeOptions()).name == "edge"


def test_the_same_answer_twice_is_refused(world: World) -> None:
    answer = answer_to(world)
    intake(world).take(answer, IntakeOptions())
    with pytest.raises(StoreError) as refused:
        intake(world).take(answer, IntakeOptions())
    assert refused.value.code == "already-imported"


def test_an_answer_to_no_request_names_the_open_ones(world: World) -> None:
    stranger = World(kind="csr")
    stranger.apply(a_request("edge", kind="csr"))
    with pytest.raises(MaterialError) as refused:
        intake(world).take(answer_to(stranger), IntakeOptions())
    assert refused.value.code == "no-matching-request"
    assert world.store.requests("edge")[0].id in refused.value.message


def test_an_untrusted_root_is_a_finding_and_no_refusal(world: World) -> None:
    other = World()
    outcome = intake(world).take(answer_to(world), IntakeOptions(roots=(other.ca.root,)))
    assert [finding.code for finding in outcome.findings] == ["untrusted-root"]
    assert "untrusted-root" in world.watcher.codes


def test_a_trusted_root_is_no_finding(world: World) -> None:
    assert intake(world).take(answer_to(world), IntakeOptions(roots=(world.ca.root,))).findings == ()


def test_an_expired_answer_is_refused(world: World) -> None:
    answer = answer_to(world)
    world.expire()
    with pytest.raises(MaterialError) as refused:
        intake(world).take(answer, IntakeOptions())
    assert refused.value.code == "expired"
    assert world.store.generations("edge") == ()


def test_a_wrong_name_is_told_apart(world: World) -> None:
    with pytest.raises(UsageError) as refused:
        intake(world).take(answer_to(world), IntakeOptions(name="other"))
    assert refused.value.code == "other-lineage"


def test_a_foreign_key_needs_a_name_and_becomes_a_lineage() -> None:
    source = World()
    source.apply(a_request("edge"))
    bundle = source.store.load_bundle("edge", 1)
    answer = Answer(bundle.certificates, load_key(bundle.key), "Old edge")
    world = World()
    with pytest.raises(UsageError) as refused:
        intake(world).take(answer, IntakeOptions())
    assert refused.value.code == "name-needed"
    outcome = intake(world).take(answer, IntakeOptions(name="old"))
    assert outcome.bundle is not None
    assert outcome.bundle.meta.friendly_name == "Old edge"
    settings = world.store.load_settings("old")
    assert settings is not None
    assert settings.request.topology.access_edge == "sip.contoso.example"
    assert settings.request.issuer.kind == "csr"


def test_a_foreign_key_without_its_certificate_is_refused() -> None:
    source = World()
    source.apply(a_request("edge"))
    answer = Answer(source.store.load_bundle("edge", 1).certificates, generate_key("ecdsa", 256), "")
    with pytest.raises(MaterialError):
        intake(World()).take(answer, IntakeOptions(name="old"))


def test_an_import_that_died_at_the_end_is_finished_by_the_next(world: World) -> None:
    answer = answer_to(world)
    intake(world).take(answer, IntakeOptions())
    (request,) = world.store.requests("edge")
    world.store.save_request(replace(request, state="open"))
    outcome = intake(world).take(answer, IntakeOptions())
    assert outcome.bundle is not None
    assert (outcome.action, outcome.bundle.meta.generation) == ("imported", 1)
    assert [entry.state for entry in world.store.requests("edge")] == ["completed"]
    assert world.store.generations("edge") == (1,)


def test_a_pkcs12_with_the_key_of_a_request_completes_it(world: World) -> None:
    (request,) = world.store.requests("edge")
    answer = replace(answer_to(world), key=load_key(world.store.request_key(request)))
    outcome = intake(world).take(answer, IntakeOptions())
    assert (outcome.name, outcome.action) == ("edge", "imported")


def test_other_names_are_taken_only_on_purpose(world: World) -> None:
    (request,) = world.store.requests("edge")
    key = load_key(world.store.request_key(request))
    wanted = plan_sans(a_request("edge", kind="csr", domains=("fabrikam.example",))).certificates[0]
    csr = build_csr(key, wanted, subject=Subject())
    answer = Answer(world.ca.sign(IssueOrder("edge", request.id, csr, (), timedelta(days=90))), None, "")
    with pytest.raises(MaterialError) as refused:
        intake(world).take(answer, IntakeOptions())
    assert refused.value.code == "names-differ"
    outcome = intake(world).take(answer, IntakeOptions(accept_names=True))
    assert outcome.bundle is not None
    assert {"name-missing", "name-added"} <= set(outcome.bundle.meta.findings)


def test_a_foreign_key_for_a_lineage_that_is_there_leaves_its_settings() -> None:
    source = World()
    source.apply(a_request("edge"))
    bundle = source.store.load_bundle("edge", 1)
    world = World()
    world.apply(a_request("edge", "gw"))
    intake(world).take(Answer(bundle.certificates, load_key(bundle.key), ""), IntakeOptions(name="edge"))
    settings = world.store.load_settings("edge")
    assert settings is not None
    assert settings.request == a_request("edge", "gw")
    assert world.store.generations("edge") == (1, 2)
