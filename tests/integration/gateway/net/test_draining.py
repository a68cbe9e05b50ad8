from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from edgecert.shared.control import SwapRequest
from gateway.net.draining import DRAIN_TIME, TRY_AGAIN
from gateway.service import Gateway
from tests.integration.gateway.conftest import SECRET
from tests.support.clock import FakeClock
from tests.support.component import connect_component
from tests.support.pki import now
from tests.support.rawpeer import EXTERNAL, dial_tls, header
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from edgecert.shared.control import CloseOldStreams
    from tests.integration.gateway.conftest import World
    from tests.support.component import Component

CONTOSO, FABRIKAM = "contoso.example", "fabrikam.example"
ALICE, BOB = f"alice@{CONTOSO}", f"bob@{FABRIKAM}"


@dataclass
class Setting:
    world: World
    clock: FakeClock
    ours: Gateway
    theirs: Gateway
    alice: Component
    bob: Component

    async def swap(self, generation: int, close_old_streams: CloseOldStreams) -> None:
        bundle = self.world.pki.issue([CONTOSO]).bundle(generation=generation)
        self.clock.advance(timedelta(seconds=1))
        await self.ours.swap(SwapRequest(bundle, close_old_streams=close_old_streams))
        self.clock.advance(timedelta(seconds=1))

    def refuse_new_streams(self) -> None:
        hub = self.theirs.hub
        self.theirs.hub.limits = replace(hub.limits, connection_limit=len(hub.inbound))

    def take_new_streams(self) -> None:
        self.theirs.hub.limits = replace(self.theirs.hub.limits, connection_limit=100)

    def after(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        self.ours.hub.keep_house()

    def failures(self) -> int:
        return sum(failure.count for failure in self.ours.hub.dialling.failures)

    async def to_bob(self, text: str) -> None:
        await self.alice.message(ALICE, BOB, text)
        assert await self.bob.receive_bodies(1) == [text]

    def outbound(self) -> set[int]:
        return {stream.generation[1] for stream in self.ours.hub.outbound}


@asynccontextmanager
async def setting(world: World) -> AsyncIterator[Setting]:
    clock = FakeClock(now())
    ours = Gateway(world.settings(CONTOSO, 1), clock=clock)
    async with (
        ours.running(),
        world.gateway(world.settings(FABRIKAM, 2), world.pki.issue([FABRIKAM]), CONTOSO) as theirs,
        connect_component(CONTOSO, SECRET, world.addresses[CONTOSO]) as alice,
        connect_component(FABRIKAM, SECRET, world.addresses[FABRIKAM]) as bob,
    ):
        parts = Setting(world, clock, ours, theirs, alice, bob)
        await parts.swap(1, "keep")
        await ours.put_partner({"domain": FABRIKAM, "type": "federated"})
        await parts.to_bob("before")
        yield parts


async def test_a_new_stream_is_tried_again_until_the_partner_takes_it(world: World) -> None:
    async with setting(world) as parts:
        parts.refuse_new_streams()
        await parts.swap(2, "drain")
        for turn in (1, 2, 3):
            await eventually(lambda turn=turn: parts.failures() == turn)  # type: ignore[misc]  # each its own
            await parts.to_bob(f"over the old one {turn}")
            assert parts.outbound() == {1}
            parts.after(TRY_AGAIN - 2)
            assert parts.failures() == turn
            parts.after(2)
        await eventually(lambda: parts.failures() == 4)
        (failure,) = parts.ours.hub.dialling.failures
        assert failure.code == "peer-closed"
        parts.take_new_streams()
        parts.after(TRY_AGAIN)
        await eventually(lambda: parts.outbound() == {2})
        await parts.to_bob("over the new one")


async def test_a_stream_without_a_successor_ends_with_the_minute(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async with setting(world) as parts:
        parts.refuse_new_streams()
        await parts.swap(2, "drain")
        parts.after(DRAIN_TIME - 2)
        assert parts.outbound() == {1}
        assert "ends, and there is no new one" not in caplog.text
        parts.after(TRY_AGAIN)
        assert "ends, and there is no new one" in caplog.text
        await eventually(lambda: not parts.ours.hub.outbound)
        parts.take_new_streams()
        await parts.to_bob("over a new one")
        assert parts.outbound() == {2}


async def test_the_next_swap_may_let_its_own_old_streams_live(world: World) -> None:
    async with setting(world) as parts:
        await parts.swap(2, "drain")
        await eventually(lambda: parts.outbound() == {2})
        await parts.bob.message(BOB, ALICE, "x")
        assert await parts.alice.receive_bodies(1) == ["x"]
        # The next swap lets its old streams live, although the minute of the last one is not over.
        await parts.swap(3, "keep")
        parts.after(TRY_AGAIN)
        parts.after(DRAIN_TIME)
        await parts.to_bob("y")
        assert parts.outbound() == {2}
        assert not any(stream.closing for stream in parts.ours.hub.inbound)


async def test_a_stream_that_comes_up_on_the_old_certificate_while_it_lasts_ends_too(world: World) -> None:
    async with setting(world) as parts:
        peer = await dial_tls(world.addresses[CONTOSO], parts.ours, world.pki)
        peer.say(header(FABRIKAM))
        await peer.until(rb"</stream:features>")
        await parts.swap(2, "drain")
        peer.say(EXTERNAL)
        await peer.until(rb"<success[^>]*>")
        peer.say(header(FABRIKAM))
        await peer.until(rb"</stream:features>")
        parts.after(TRY_AGAIN)
        await peer.until(rb"</stream:stream>")
        await peer.close()
