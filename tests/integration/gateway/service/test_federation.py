from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.control import SwapRequest
from gateway.model.answers import objects
from gateway.tls.context import build_contexts
from tests.integration.gateway.conftest import SECRET
from tests.support.component import connect_component
from tests.support.pki import Pki

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgecert.shared.control import CloseOldStreams
    from gateway.service import Gateway
    from tests.integration.gateway.conftest import World
    from tests.support.component import Component
    from tests.support.pki import Issued

ALICE, BOB = "alice@contoso.example", "bob@fabrikam.example"


async def test_two_gateways_federate_two_components(world: World) -> None:
    contoso = world.settings("contoso.example", 1)
    fabrikam = world.settings("fabrikam.example", 2)
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example") as gateway,
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example"),
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        for number in range(20):
            await alice.message(ALICE, BOB, f"to-bob-{number}")
            await bob.message(BOB, ALICE, f"to-alice-{number}")
        assert await bob.receive_bodies(20) == [f"to-bob-{number}" for number in range(20)]
        assert await alice.receive_bodies(20) == [f"to-alice-{number}" for number in range(20)]
        status = await gateway.status()
        # One stream that goes both ways, or one each way if both dialled at the same moment.
        assert status["streams"] in both_ways_or_one_each_way()
        (partner,) = objects(status["partners"])
        assert (partner["domain"], partner["state"]) == ("fabrikam.example", "open")
        assert (partner["reason"], partner["queued"], partner["warnings"]) == ("", 0, [])
        assert partner["inbound_failure"] is None
        streams = (await gateway.streams())["streams"]
        assert isinstance(streams, list)
        assert {stream["proof"] for stream in streams} == {"pkix"}


def both_ways_or_one_each_way() -> list[dict[str, int]]:
    return [{"inbound": 1, "outbound": 1}, {"inbound": 0, "outbound": 1}, {"inbound": 1, "outbound": 0}]


async def test_direct_tls_is_dialled_where_it_is_announced(world: World) -> None:
    contoso = world.settings("contoso.example", 1)
    fabrikam = world.settings("fabrikam.example", 2, direct=True)
    world.zone.records["_xmpp-server._tcp.fabrikam.example"] = {"SRV": ["0 0 0 ."]}
    world.zone.records["_xmpps-server._tcp.fabrikam.example"] = {"SRV": ["0 0 5270 xmpp.fabrikam.example."]}
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example"),
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example") as gateway,
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await alice.message(ALICE, BOB, "hello")
        assert await bob.receive_bodies(1) == ["hello"]
        streams = (await gateway.streams())["streams"]
        assert isinstance(streams, list)
        assert streams[0]["direct_tls"] is True


@pytest.mark.parametrize("close_old_streams", ["keep", "drain", "now"])
async def test_swaps_under_traffic_lose_nothing(world: World, close_old_streams: CloseOldStreams) -> None:
    contoso = world.settings("contoso.example", 1)
    fabrikam = world.settings("fabrikam.example", 2)
    count, swaps = 300, 10
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example") as left,
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example") as right,
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
        asyncio.TaskGroup() as group,
    ):
        wanted = {f"m{number}" for number in range(count)}
        to_bob = group.create_task(receive_all(bob, wanted))
        to_alice = group.create_task(receive_all(alice, wanted))
        for number in range(count):
            await alice.message(ALICE, BOB, f"m{number}")
            await bob.message(BOB, ALICE, f"m{number}")
            if number % (count // swaps) == 0:
                await swap(world, left, "contoso.example", 2 + number, close_old_streams)
                await swap(world, right, "fabrikam.example", 2 + number, close_old_streams)
        extra = [len(await to_bob) - count, len(await to_alice) - count]
        # Both ends cut their streams at once: what was under way without an acknowledgement goes again.
        assert extra == [0, 0] or close_old_streams == "now"
        if close_old_streams == "keep":
            # The streams that were open at the first swap are the only ones there ever were.
            assert (await left.status())["streams"] in both_ways_or_one_each_way()


async def receive_all(component: Component, wanted: set[str]) -> list[str]:
    """Give the bodies of what comes until all that is ``wanted`` was there."""
    bodies: list[str] = []
    while not wanted <= set(bodies):
        bodies += await component.receive_bodies(1)
    return bodies


async def swap(world: World, gateway: Gateway, domain: str, generation: int, close: CloseOldStreams) -> None:
    bundle = world.pki.issue([domain]).bundle(generation=generation)
    answer = await gateway.swap(SwapRequest(bundle, close_old_streams=close))
    assert answer["swapped"] is True
    assert gateway.certificates.slot.current.generations == {"edge": generation}


BAD: dict[str, tuple[Callable[[Pki, Pki], Issued], str]] = {
    "self-signed": (
        lambda pki, _: pki.issue(["fabrikam.example"], self_signed=True, common_name="x"),
        "self-signed",
    ),
    "client-only": (lambda pki, _: pki.issue(["fabrikam.example"], eku=["client"]), "serverAuth"),
    "wrong-name": (lambda pki, _: pki.issue(["litware.example"]), "litware.example"),
    "expired": (lambda pki, _: pki.expired(["fabrikam.example"]), "expired"),
    "stranger": (lambda _, other: other.issue(["fabrikam.example"]), "no trusted root"),
}


@pytest.mark.parametrize("kind", BAD)
async def test_a_peer_that_cannot_prove_its_domain_is_refused_both_ways(world: World, kind: str) -> None:
    make, words = BAD[kind]
    bad = make(world.pki, Pki.create(world.directory / "other"))
    contoso = world.settings("contoso.example", 1)
    fabrikam = world.settings("fabrikam.example", 2)
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example") as good,
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example") as wrong,
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        slot = wrong.certificates.slot
        slot.swap(build_contexts([bad.bundle()], domains=["fabrikam.example"], trust=slot.current.trust))
        await alice.message(ALICE, BOB, "out")
        assert "remote-server-timeout" in await alice.receive()
        reason = failure_of(good, "fabrikam.example")
        assert reason.startswith("peer-certificate")
        assert words in reason
        # The other way the bad peer is told, in a stream error, what its administrator has to mend.
        await bob.message(BOB, ALICE, "in")
        assert "remote-server-timeout" in await bob.receive()
        told = failure_of(wrong, "contoso.example")
        assert told.startswith("peer-stream-error: not-authorized")
        assert words in told


def failure_of(gateway: Gateway, domain: str) -> str:
    return next(str(pair.failure) for (_, partner), pair in gateway.hub.pairs.items() if partner == domain)


async def test_stanzas_that_cannot_go_come_back_with_the_reason(world: World) -> None:
    settings = world.settings("contoso.example", 1)
    world.zone.records["_xmpp-server._tcp.closed.example"] = {"SRV": ["0 0 0 ."]}
    world.zone.records["_xmpp-server._tcp.dead.example"] = {"SRV": [f"0 0 5269 {world.net}77."]}
    world.zone.records["dead.example"] = {"A": [f"{world.net}77"]}
    world.zone.records["_xmpp-server._tcp.dead.example"] = {"SRV": ["0 0 5269 dead.example."]}
    partners = ("closed.example", "absent.example", "dead.example")
    async with (
        world.gateway(settings, world.pki.issue(["contoso.example"]), *partners),
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
    ):
        for domain, condition in [
            ("stranger.example", "not-allowed"),
            ("closed.example", "remote-server-not-found"),
            ("absent.example", "remote-server-not-found"),
            ("dead.example", "remote-server-timeout"),
        ]:
            # No message: that would wait for a while for the one that may only be down.
            await alice.send(f"<iq from='{ALICE}' to='bob@{domain}' type='get' id='q'><query xmlns='urn:x'/></iq>")
            bounce = await alice.receive()
            assert re.search(rf"<{condition}\b", bounce), bounce
            assert f"from='bob@{domain}'" in bounce
            assert "type='error'" in bounce
        # An error is never answered, and so cannot run in circles: the next thing that comes is the next answer.
        await alice.send(f"<message from='{ALICE}' to='bob@stranger.example' type='error' id='e'/>")
        await alice.message(ALICE, "bob@stranger.example", "again")
        assert "id='again'" in await alice.receive()


async def test_who_is_no_partner_is_refused_inside_tls(world: World) -> None:
    contoso = world.settings("contoso.example", 1)
    fabrikam = world.settings("fabrikam.example", 2)
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"])),
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example") as stranger,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await bob.message(BOB, ALICE, "x")
        assert "remote-server-timeout" in await bob.receive()
        reason = failure_of(stranger, "contoso.example")
        assert reason == "peer-stream-error: policy-violation: not a configured partner"


async def test_a_removed_partner_loses_its_streams(world: World) -> None:
    contoso = world.settings("contoso.example", 1)
    fabrikam = world.settings("fabrikam.example", 2)
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example") as gateway,
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example"),
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await exchange(alice, bob)
        await gateway.remove_partner("fabrikam.example")
        assert all(pair.connection is None for pair in gateway.hub.pairs.values())
        await alice.message(ALICE, BOB, "x")
        assert "not-allowed" in await alice.receive()


async def exchange(alice: Component, bob: Component) -> None:
    await alice.message(ALICE, BOB, "ping")
    await bob.message(BOB, ALICE, "pong")
    assert await bob.receive_bodies(1) == ["ping"]
    assert await alice.receive_bodies(1) == ["pong"]


async def test_the_home_domain_itself_answers_ping_and_disco(world: World) -> None:
    contoso = world.settings("contoso.example", 1)
    fabrikam = world.settings("fabrikam.example", 2)
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example"),
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example"),
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
    ):
        iq = f"<iq from='{ALICE}' to='fabrikam.example' type='get' id='%s'>%s</iq>"
        await alice.send(iq % ("p", "<ping xmlns='urn:xmpp:ping'/>"))
        assert "type='result'" in await alice.receive()
        await alice.send(iq % ("d", "<query xmlns='http://jabber.org/protocol/disco#info'/>"))
        assert "category='gateway'" in await alice.receive()


async def test_a_partner_hears_when_the_home_system_is_away(world: World) -> None:
    contoso = world.settings("contoso.example", 1)
    fabrikam = world.settings("fabrikam.example", 2)
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example"),
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example"),
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
    ):
        await alice.message(ALICE, BOB, "x")
        assert "service-unavailable" in await alice.receive()
