"""Issuing: the key first, one request per demand, and a run that died is gone on with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgecert.lifecycle.demand import Demand
from edgecert.lifecycle.issue import complete_request, settle_requests
from edgecert.model.sanplan import plan_sans
from edgecert.shared.errors import MaterialError, RefusedError
from tests.support.world import World, a_request


def a_demand(kind: str = "local") -> Demand:
    request = a_request("edge", kind=kind)
    return Demand(request, plan_sans(request).certificates[0])


def test_key_and_csr_are_stored_before_the_ca_is_asked() -> None:
    world = World()
    world.ca.refuse = True
    with pytest.raises(RefusedError):
        world.issuance.issue(a_demand())
    (request,) = world.store.requests("edge")
    assert request.state == "open"
    assert world.store.request_key(request).reveal().startswith(b"-----BEGIN PRIVATE KEY-----")


def test_the_open_request_is_gone_on_with() -> None:
    world = World()
    world.ca.refuse = True
    with pytest.raises(RefusedError):
        world.issuance.issue(a_demand())
    world.ca.refuse = False
    outcome = world.issuance.issue(a_demand())
    assert outcome.action == "issued"
    assert len({order.request_id for order in world.ca.orders}) == 1


def test_fresh_asks_with_a_new_key() -> None:
    world = World(kind="csr")
    first = world.issuance.issue(a_demand("csr"))
    second = world.issuance.issue(a_demand("csr"), fresh=True)
    assert first.request is not None
    assert second.request is not None
    assert first.request.spki_sha256 != second.request.spki_sha256


def test_a_request_whose_generation_was_stored_is_closed_and_not_asked_again() -> None:
    world = World()
    outcome = world.issuance.issue(a_demand())
    assert outcome.request is not None
    world.store.save_request(replace(outcome.request, state="open"))  # as if the run had died in between
    settle_requests(world.store, "edge")
    assert [request.state for request in world.store.requests("edge")] == ["completed"]


def test_a_test_ca_is_remembered() -> None:
    world = World()
    world.ca.staging_ca = True
    outcome = world.issuance.issue(a_demand())
    assert outcome.bundle is not None
    assert outcome.bundle.meta.staging_ca


def test_the_root_is_left_out_and_the_chain_is_leaf_first() -> None:
    world = World()
    outcome = world.issuance.issue(a_demand())
    assert outcome.bundle is not None
    assert len(outcome.bundle.certificates) == 2
    assert outcome.bundle.leaf.issuer == outcome.bundle.certificates[1].subject


def test_a_certificate_for_another_key_is_refused_and_the_request_stays_open() -> None:
    world = World(kind="csr")
    mine = world.issuance.issue(a_demand("csr"))
    other = world.issuance.issue(a_demand("csr"), fresh=True)
    assert mine.request is not None
    assert other.request is not None
    order = next(entry for entry in world.ca.orders if entry.request_id == other.request.id)
    with pytest.raises(MaterialError):
        complete_request(world.store, mine.request, world.ca.sign(order), clock=world.clock, progress=world.watcher)
    assert {request.state for request in world.store.requests("edge")} == {"open"}


def test_an_issuer_that_can_prepare_is_told_before_the_key_is_made() -> None:
    world = World()
    open_before: list[int] = []

    class Preparing(type(world.ca)):  # type: ignore[misc]  # the world's CA, and one thing more
        def prepare(self) -> None:
            open_before.append(len(world.store.requests("edge")))

    world.ca.__class__ = Preparing
    world.issuance.issue(a_demand())
    assert open_before == [0]
