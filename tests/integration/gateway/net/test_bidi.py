from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.net.bidi import BidiCarrier
from tests.integration.gateway.conftest import SECRET
from tests.support.component import connect_component
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import World

CONTOSO, FABRIKAM = "contoso.example", "fabrikam.example"
ALICE, BOB = f"alice@{CONTOSO}", f"bob@{FABRIKAM}"


async def test_answers_come_over_the_stream_that_the_question_went(world: World) -> None:
    contoso, fabrikam = world.settings(CONTOSO, 1), world.settings(FABRIKAM, 2)
    async with (
        world.gateway(contoso, world.pki.issue([CONTOSO]), FABRIKAM) as west,
        world.gateway(fabrikam, world.pki.issue([FABRIKAM]), CONTOSO) as east,
        connect_component(CONTOSO, SECRET, world.addresses[CONTOSO]) as alice,
        connect_component(FABRIKAM, SECRET, world.addresses[FABRIKAM]) as bob,
    ):
        for number in range(20):
            await alice.message(ALICE, BOB, f"a{number}")
            assert await bob.receive_bodies(1) == [f"a{number}"]
            await bob.message(BOB, ALICE, f"b{number}")
            assert await alice.receive_bodies(1) == [f"b{number}"]
        assert (await west.status())["streams"] == {"inbound": 0, "outbound": 1}
        assert (await east.status())["streams"] == {"inbound": 1, "outbound": 0}
        (pair,) = east.hub.pairs.values()
        assert isinstance(pair.connection, BidiCarrier)
        await eventually(lambda: pair.unacknowledged == 0)
        # When its opener closes the stream, the next stanza opens one the other way.
        next(iter(west.hub.pairs.values())).close()
        await eventually(lambda: not east.hub.inbound)
        await bob.message(BOB, ALICE, "later")
        assert await alice.receive_bodies(1) == ["later"]
        assert (await east.status())["streams"] == {"inbound": 0, "outbound": 1}


async def test_a_pair_that_settings_take_away_no_longer_goes_both_ways(world: World) -> None:
    contoso, fabrikam = world.settings(CONTOSO, 1), world.settings(FABRIKAM, 2)
    async with (
        world.gateway(contoso, world.pki.issue([CONTOSO]), FABRIKAM),
        world.gateway(fabrikam, world.pki.issue([FABRIKAM]), CONTOSO) as east,
        connect_component(CONTOSO, SECRET, world.addresses[CONTOSO]) as alice,
        connect_component(FABRIKAM, SECRET, world.addresses[FABRIKAM]) as bob,
    ):
        await alice.message(ALICE, BOB, "x")
        assert await bob.receive_bodies(1) == ["x"]
        await bob.message(BOB, ALICE, "y")
        assert await alice.receive_bodies(1) == ["y"]
        await east.remove_partner(CONTOSO)
        assert all(pair.connection is None for pair in east.hub.pairs.values())
        await bob.message(BOB, ALICE, "z")
        assert "not-allowed" in await bob.receive()
