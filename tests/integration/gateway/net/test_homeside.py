from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from gateway.net.connection import MAX_UNREAD, WRITE_HIGH
from tests.integration.gateway.conftest import SECRET
from tests.support.component import Component, connect_component
from tests.support.rawpeer import dial_authenticated
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import World

CONTOSO, FABRIKAM = "contoso.example", "fabrikam.example"
ALICE, BOB = f"alice@{CONTOSO}", f"bob@{FABRIKAM}"


async def test_a_new_component_takes_the_place_of_a_dead_one(world: World) -> None:
    async with world.gateway(world.settings(CONTOSO, 1), None) as gateway:
        older = Component(CONTOSO, *await asyncio.open_connection(world.addresses[CONTOSO], 5347))
        await older.handshake(SECRET)
        async with connect_component(CONTOSO, SECRET, world.addresses[CONTOSO]) as newer:
            assert "conflict" in await older.read_to_end()
            await newer.message(f"a@{CONTOSO}", "b@stranger.example", "x")
            assert "not-allowed" in await newer.receive()
            assert len(gateway.hub.components) == 1
        await older.close()


async def test_a_slow_home_system_slows_its_partners_down_and_nobody_loses(world: World) -> None:
    contoso, fabrikam = world.settings(CONTOSO, 1), world.settings(FABRIKAM, 2)
    count, body = 400, "x" * 20_000
    async with (
        world.gateway(contoso, world.pki.issue([CONTOSO]), FABRIKAM),
        world.gateway(fabrikam, world.pki.issue([FABRIKAM]), CONTOSO) as right,
        connect_component(CONTOSO, SECRET, world.addresses[CONTOSO]) as alice,
        connect_component(FABRIKAM, SECRET, world.addresses[FABRIKAM]) as bob,
    ):
        slow = right.hub.components.find(FABRIKAM)
        assert slow is not None
        for number in range(count):
            await alice.message(ALICE, BOB, f"{number}:{body}")
        await eventually(lambda: slow.congested)
        assert right.hub.dialling.registry.held <= 2 * WRITE_HIGH + MAX_UNREAD
        received = await bob.receive_bodies(count)
        assert [text.partition(":")[0] for text in received] == [str(number) for number in range(count)]


async def test_what_waited_for_a_dead_component_is_for_the_one_in_its_place(world: World) -> None:
    async with world.gateway(world.settings(CONTOSO, 1), world.pki.issue([CONTOSO]), FABRIKAM) as gateway:
        address = world.addresses[CONTOSO]
        reader, writer = await asyncio.open_connection(address, 5347)
        await Component(CONTOSO, reader, writer).handshake(SECRET)
        dead = gateway.hub.components.find(CONTOSO)
        assert dead is not None
        cast("asyncio.Transport", writer.transport).pause_reading()  # it hangs
        peer = await dial_authenticated(address, gateway, world.pki)

        def say(body: str) -> None:
            peer.say(f"<message from='{BOB}' to='{ALICE}' type='chat'><body>{body}</body></message>".encode())

        for _ in range(3000):
            if dead.congested:
                break
            say("x" * 50_000)
            await asyncio.sleep(0)
        say("held back")  # by the first that comes while it is congested the partner is read no more
        await eventually(lambda: dead.congested)
        async with connect_component(CONTOSO, SECRET, address) as fresh:
            say("heard")
            while await fresh.receive_bodies(1) != ["heard"]:
                pass
        writer.transport.abort()
        await peer.close()
