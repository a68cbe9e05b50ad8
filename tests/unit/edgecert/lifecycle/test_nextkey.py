from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from edgecert.lifecycle.nextkey import NextKeys
from edgecert.lifecycle.renew import RenewOptions
from edgecert.shared.chain import spki_sha256
from edgecert.shared.errors import StoreError
from tests.support.world import World, a_request

if TYPE_CHECKING:
    from edgecert.lifecycle.nextkey import NextKey


def prepare(world: World, *, dry_run: bool = False) -> NextKey:
    return NextKeys(world.store, lambda _settings: world.issuance, 1.0).prepare("edge", dry_run=dry_run)


def a_world(*, reuse_key: bool = False) -> World:
    world = World()
    request = a_request("edge", "gw")
    world.apply(replace(request, certificate=replace(request.certificate, reuse_key=reuse_key)))
    return world


def key_of(world: World, generation: int) -> str:
    return spki_sha256(world.store.load_bundle("edge", generation).leaf.public_key())


@pytest.mark.parametrize("reuse_key", [False, True])
def test_the_next_renewal_goes_on_with_the_key_that_was_made_ahead(reuse_key: bool) -> None:
    world = a_world(reuse_key=reuse_key)
    made = prepare(world)
    assert made.request is not None
    assert (made.made, made.request.prepared) == (True, True)
    assert len(world.ca.orders) == 1, "no CA was asked"
    assert world.renew(force=True).action == "renewed"
    assert key_of(world, 2) == made.request.spki_sha256 != key_of(world, 1)
    assert prepare(world).made, "it is used up"


def test_a_second_one_is_not_made() -> None:
    world = a_world()
    first, second = prepare(world), prepare(world)
    assert (second.made, second.request) == (False, first.request)


def test_a_dry_run_makes_nothing() -> None:
    world = a_world()
    tried = prepare(world, dry_run=True)
    assert (tried.made, tried.request) == (True, None)
    assert all(request.state != "open" for request in world.store.requests("edge"))


def test_a_key_that_is_replaced_takes_the_next_one_with_it() -> None:
    world = a_world()
    made = prepare(world).request
    assert made is not None
    assert world.renewing.renew("edge", RenewOptions(replace_key=True)).action == "renewed"
    assert key_of(world, 2) != made.spki_sha256
    assert {request.state for request in world.store.requests("edge") if request.prepared} == {"cancelled"}


def test_one_for_other_names_is_given_up() -> None:
    world = a_world()
    first = prepare(world).request
    assert first is not None
    saved = world.store.load_settings("edge")
    assert saved is not None
    topology = replace(saved.request.topology, xmpp_domains=("fabrikam.example",))
    world.store.save_settings("edge", replace(saved, request=replace(saved.request, topology=topology)))
    second = prepare(world)
    assert second.made
    states = {request.id: request.state for request in world.store.requests("edge")}
    assert states[first.id] == "cancelled"


def test_an_unknown_certificate_is_told() -> None:
    with pytest.raises(StoreError) as caught:
        prepare(World())
    assert caught.value.code == "no-such-certificate"
