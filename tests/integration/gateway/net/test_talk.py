"""Talking: each answer counted once, an error told from an answer, and the other side reached before the first word."""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING

from edgecert.shared.secret import Secret
from gateway.net.echo import Echo
from gateway.net.talk import Talk, Talker, say_all
from tests.integration.gateway.conftest import SECRET
from tests.support.component import connect_component
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import World

KEY = Secret(SECRET.encode())


async def end(component: Echo) -> None:
    component.ending = True
    await component.disconnect()
    component.cancel_connection_attempt()


async def test_every_answer_is_counted_and_the_last_line_says_so(world: World) -> None:
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2)
    out = io.StringIO()
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example") as here,
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example") as there,
    ):
        echo = Echo("fabrikam.example", KEY, world.addresses["fabrikam.example"], 5347)
        talk = Talk("echo@fabrikam.example", rate=200, count=5)
        talker = Talker("contoso.example", KEY, world.addresses["contoso.example"], 5347, talk)
        echo.start()
        talker.start()
        await eventually(lambda: here.hub.components and there.hub.components)
        await say_all(talker, asyncio.Event(), out)
        await end(echo)
        await end(talker)
    last = json.loads(out.getvalue().splitlines()[-1])
    assert last == {"sent": 5, "received": 5, "errors": 0, "unanswered": [], "finished": True}


async def test_a_bounce_is_an_error_and_no_answer(world: World) -> None:
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2)
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example") as here,
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example"),
    ):
        talk = Talk("echo@fabrikam.example", rate=1)
        talker = Talker("contoso.example", KEY, world.addresses["contoso.example"], 5347, talk)
        talker.start()
        await eventually(lambda: here.hub.components)
        talker.say()  # nobody is connected at the other side
        await eventually(lambda: talker.errors)
        assert (talker.received, talker.outstanding) == (0, 0)
        async with connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as other:
            talker.say()
            await other.receive_bodies(1)
            assert talker.outstanding == 1
        await end(talker)
