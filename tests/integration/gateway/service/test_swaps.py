"""Held generations: into service at once, at a date, and what is told of each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.control import SwapRequest
from edgecert.shared.errors import EdgecertError, StoreError
from gateway.model.answers import objects
from tests.integration.gateway.conftest import SECRET
from tests.support.component import connect_component
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from edgecert.shared.jsonvalue import JsonObject
    from gateway.service.gateway import Gateway
    from tests.integration.gateway.conftest import World

HOME = "contoso.example"


async def certificate(gateway: Gateway) -> JsonObject:
    (entry,) = objects((await gateway.status())["certificates"])
    return entry


async def test_a_held_generation_is_staged_and_goes_into_service_at_its_date(world: World) -> None:
    issued = world.pki.issue([HOME])
    async with world.gateway(world.settings(HOME, 1), issued) as gateway:
        await gateway.swap(SwapRequest(world.pki.issue([HOME]).bundle(generation=2)))
        entry = await certificate(gateway)
        assert (entry["generation"], list(entry["held"])) == (2, [1, 2])  # type: ignore[arg-type]  # a list
        soon = gateway.clock.now() + timedelta(hours=1)
        answer = await gateway.stage_held("edge", 1, soon, "keep")
        assert (answer["generation"], answer["staged"], answer["swapped"]) == (1, True, False)
        (staged,) = objects((await gateway.status())["staged"])
        assert (staged["name"], staged["generation"]) == ("edge", 1)
        assert (await gateway.cancel_staged("edge"))["cancelled"] is True
        past = gateway.clock.now() - timedelta(seconds=1)
        assert (await gateway.stage_held("edge", 1, past, "keep"))["swapped"] is True
        assert (await certificate(gateway))["generation"] == 1


async def test_a_date_in_a_moment_is_kept(world: World) -> None:
    async with world.gateway(world.settings(HOME, 1), world.pki.issue([HOME])) as gateway:
        await gateway.swap(SwapRequest(world.pki.issue([HOME]).bundle(generation=2)))
        await gateway.stage_held("edge", 1, gateway.clock.now() + timedelta(milliseconds=300), "drain")
        await eventually(lambda: gateway.certificates.serving[0].meta.generation == 1)
        assert objects((await gateway.status())["staged"]) == []


async def test_a_swap_tells_what_it_withdraws(world: World, caplog: pytest.LogCaptureFixture) -> None:
    async with world.gateway(world.settings(HOME, 1), world.pki.issue([HOME])) as gateway:
        await gateway.swap(SwapRequest(world.pki.issue([HOME]).bundle(generation=2)))
        soon = gateway.clock.now() + timedelta(hours=1)
        later = SwapRequest(world.pki.issue([HOME]).bundle(generation=3), effective_at=soon)
        assert (await gateway.swap(later))["withdrawn"] is None
        answer = await gateway.swap_held("edge", None, "keep")
        withdrawn = answer["withdrawn"]
        assert isinstance(withdrawn, dict)
        assert withdrawn["generation"] == 3
        assert "withdrawn by this swap" in caplog.text
        caplog.clear()
        # What comes into service at its own date withdraws nothing.
        await gateway.stage_held("edge", 2, gateway.clock.now() + timedelta(milliseconds=100), "keep")
        await eventually(lambda: gateway.certificates.serving[0].meta.generation == 2)
        assert "withdrawn" not in caplog.text


async def test_a_lineage_that_was_never_deployed_is_named(world: World) -> None:
    async with world.gateway(world.settings(HOME, 1), world.pki.issue([HOME])) as gateway:
        with pytest.raises(StoreError) as caught:
            await gateway.swap_held("nope", None, "keep")
        assert (caught.value.code, caught.value.hint) == ("no-such-lineage", "it has edge")
        # edgecert asks for this before its first deployment.
        assert (await gateway.cancel_staged("nope"))["cancelled"] is False


async def test_a_drain_replaces_the_streams_of_that_certificate_alone(world: World) -> None:
    ours, theirs = world.settings(HOME, 1), world.settings("fabrikam.example", 2)
    alice, bob = f"alice@{HOME}", "bob@fabrikam.example"
    async with (
        world.gateway(ours, world.pki.issue([HOME]), "fabrikam.example") as gateway,
        world.gateway(theirs, world.pki.issue(["fabrikam.example"]), HOME),
        connect_component(HOME, SECRET, world.addresses[HOME]) as home,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as partner,
    ):
        hub = gateway.hub
        await gateway.swap(SwapRequest(world.pki.issue([HOME]).bundle("spare")))
        await home.message(alice, bob, "x")
        await partner.receive()
        await partner.message(bob, alice, "x")
        await home.receive()
        before = hub.outbound | hub.inbound
        assert {stream.generation for stream in before} == {("edge", 1)}
        await gateway.swap(SwapRequest(world.pki.issue([HOME]).bundle("spare", 2), close_old_streams="drain"))
        assert hub.outbound | hub.inbound == before
        assert not any(stream.machine.closed for stream in before)
        await gateway.swap(SwapRequest(world.pki.issue([HOME]).bundle("edge", 2), close_old_streams="drain"))
        await eventually(lambda: not before & (hub.outbound | hub.inbound))
        await home.message(alice, bob, "y")
        assert await partner.receive_bodies(1) == ["y"]
        assert {stream.generation for stream in hub.outbound} == {("edge", 2)}
        await gateway.swap(SwapRequest(world.pki.issue([HOME]).bundle("edge", 3)))
        status = await gateway.status()
        (on,) = objects(status["generations"])
        assert (on["certificate"], on["generation"], on["current"]) == ("edge", 2, False)
        assert status["proofs"] == {"pkix": on["streams"]}


async def test_what_is_not_held_or_could_not_serve_is_refused(world: World) -> None:
    async with world.gateway(world.settings(HOME, 1), world.pki.issue([HOME])) as gateway:
        soon = gateway.clock.now() + timedelta(hours=1)
        with pytest.raises(StoreError):
            await gateway.stage_held("edge", 9, soon, "keep")
        with pytest.raises(EdgecertError):  # it will have expired by then
            await gateway.stage_held("edge", 1, gateway.clock.now() + timedelta(days=4000), "keep")
        assert objects((await gateway.status())["staged"]) == []


async def test_failures_of_both_directions_are_told(world: World) -> None:
    contoso, fabrikam = world.settings(HOME, 1), world.settings("fabrikam.example", 2)
    async with (
        world.gateway(contoso, world.pki.issue([HOME]), "fabrikam.example") as gateway,
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"])) as stranger,  # whose partner we are not
        connect_component(HOME, SECRET, world.addresses[HOME]) as alice,
    ):
        await alice.message(f"alice@{HOME}", "bob@fabrikam.example", "x")
        await alice.receive()
        (outbound,) = objects((await gateway.failures())["failures"])
        assert (outbound["direction"], outbound["domain"], outbound["code"]) == (
            *("outbound", "fabrikam.example", "peer-stream-error"),
        )
        assert outbound["hint"]
        (inbound,) = objects((await stranger.failures())["failures"])
        assert (inbound["direction"], inbound["domain"], inbound["home"]) == ("inbound", HOME, "fabrikam.example")
        assert (inbound["step"], inbound["code"]) == ("policy", "policy-violation")
