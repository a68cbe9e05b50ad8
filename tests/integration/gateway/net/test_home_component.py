from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from gateway.net.home_component import MAX_UNPROVED
from tests.integration.gateway.conftest import SECRET
from tests.support.component import Component, connect_component
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import World

DOMAIN = "contoso.example"


async def dial(world: World, domain: str) -> Component:
    return Component(domain, *await asyncio.open_connection(world.addresses[DOMAIN], 5347))


async def test_only_who_knows_the_secret_of_a_home_gets_in(world: World) -> None:
    async with world.gateway(world.settings(DOMAIN, 1), None) as gateway:
        wrong = await dial(world, DOMAIN)
        assert "<handshake" not in await wrong.handshake("guess")
        await wrong.close()
        stranger = await dial(world, "stranger.example")
        assert "host-unknown" in await stranger.say_header()
        await stranger.close()
        assert not gateway.hub.components
        async with connect_component(DOMAIN, SECRET, world.addresses[DOMAIN]):
            assert list(gateway.hub.components) == [DOMAIN]


async def test_who_shows_no_secret_keeps_no_component_out(world: World) -> None:
    async with world.gateway(world.settings(DOMAIN, 1), None) as gateway:
        registry = gateway.hub.dialling.registry
        waiting = []
        for number in range(1, MAX_UNPROVED + 1):
            waiting.append(await dial(world, DOMAIN))
            await eventually(lambda: len(registry) == number)  # noqa: B023  # awaited in this very turn
        async with connect_component(DOMAIN, SECRET, world.addresses[DOMAIN]):
            assert list(gateway.hub.components) == [DOMAIN]
            with suppress(ConnectionResetError):
                assert await waiting[0].read_to_end() == ""
            await eventually(lambda: len(registry) == MAX_UNPROVED)
            again = await dial(world, DOMAIN)  # the component has left the place that it had
            await eventually(lambda: len(registry) == MAX_UNPROVED + 1)
            waiting.append(again)
        for each in waiting:
            await each.close()


async def test_nobody_speaks_for_another_domain(world: World) -> None:
    async with (
        world.gateway(world.settings(DOMAIN, 1), None, "fabrikam.example"),
        connect_component(DOMAIN, SECRET, world.addresses[DOMAIN]) as component,
    ):
        await component.message("boss@other.example", "bob@fabrikam.example", "x")
        with pytest.raises(ConnectionResetError, match="invalid-from"):
            await component.receive()
