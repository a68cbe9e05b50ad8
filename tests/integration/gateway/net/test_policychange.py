"""Settings that change while a stream comes up, TLS that fails on the way: nothing goes where it may not any more."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from gateway.model.peer import Method, PairAuthorization, Proof
from gateway.net import dialback
from tests.integration.gateway.conftest import SECRET
from tests.integration.gateway.net.test_dialback import (
    ALICE,
    BOB,
    CONTOSO,
    FABRIKAM,
    ST,
    STP,
    P,
    S,
    T,
    configure,
    fake_of,
    methods,
    pair_of_gateways,
)
from tests.support.component import connect_component
from tests.support.peers.fake import BIDI, DIALBACK, EXTERNAL, STARTTLS, Conversation, FakeServer
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from edgecert.shared.jsonvalue import JsonValue
    from gateway.service import Gateway
    from tests.integration.gateway.conftest import World
    from tests.support.component import Component

PROCEED = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
AFTER = f"<message from='{BOB}' to='{ALICE}' type='chat'><body>after</body></message>"


@asynccontextmanager
async def facing(
    world: World, fake: FakeServer, play: Callable[[Conversation], Awaitable[None]], knobs: dict[str, JsonValue]
) -> AsyncIterator[tuple[Gateway, Component]]:
    """Run a gateway whose partner, of those settings, is ``fake``."""
    async with (
        world.gateway(world.settings(CONTOSO, 1), world.pki.issue([CONTOSO])) as gateway,
        connect_component(CONTOSO, SECRET, world.addresses[CONTOSO]) as alice,
        fake.serve(play),
    ):
        await configure(gateway, FABRIKAM, knobs)
        yield gateway, alice


@pytest.mark.parametrize("change", ["tightened", "removed"])
async def test_a_stream_that_the_settings_of_now_do_not_allow_is_not_used(world: World, change: str) -> None:
    fake = fake_of(world)
    asked, go, ends = asyncio.Event(), asyncio.Event(), list[str]()

    async def play(talk: Conversation) -> None:
        await talk.expect_header()
        talk.say_header(CONTOSO, "one")
        talk.say_features(DIALBACK)
        if asked.is_set():
            return  # the next attempt finds no TLS here, and may not do without
        await talk.expect("<db:result ")
        asked.set()
        await go.wait()
        talk.say_dialback("result", CONTOSO, type_="valid")
        ends.append((await talk.expect("<body>|policy-violation"))[0])

    async with facing(world, fake, play, STP) as (gateway, alice):
        await alice.message(ALICE, BOB, "not in the clear")
        await asked.wait()
        if change == "tightened":
            await configure(gateway, FABRIKAM, ST)
        else:
            await gateway.remove_partner(FABRIKAM)
        go.set()
        answer = await alice.receive()
        assert ("not-allowed" if change == "removed" else "remote-server-timeout") in answer
        await eventually(lambda: bool(ends))
        assert ends == ["policy-violation"]
        assert await methods(gateway) == []


@pytest.mark.parametrize("cut", ["handshake", "header"])
async def test_once_tls_was_begun_the_next_server_is_not_spoken_to_in_the_clear(world: World, cut: str) -> None:
    fake = fake_of(world)
    second = second_server(world, fake)
    heard = list[str]()

    async def play(talk: Conversation) -> None:
        await begin_tls(talk)
        if cut == "header":
            await talk.start_tls(fake.context(server=True))
            await talk.expect_header()

    async def play_second(talk: Conversation) -> None:
        await talk.expect_header()
        talk.say_header(CONTOSO, "one")
        talk.say_features(DIALBACK)
        heard.append((await talk.expect("<db:result |</stream:stream>"))[0])

    async with facing(world, fake, play, STP) as (gateway, alice), second.serve(play_second):
        await alice.message(ALICE, BOB, "not in the clear")
        await eventually(lambda: bool(heard))
        assert heard == ["</stream:stream>"]
        await eventually(lambda: gateway.hub.pairs[CONTOSO, FABRIKAM].failure is not None)


async def test_the_second_attempt_after_a_refused_certificate_is_inside_tls_too(world: World) -> None:
    fake = fake_of(world)
    heard = list[str]()

    async def play(talk: Conversation) -> None:
        if heard:
            await talk.expect_header()
            talk.say_header(CONTOSO, "one")
            talk.say_features(DIALBACK)
            heard.append((await talk.expect("<db:result |</stream:stream>"))[0])
            return
        await begin_tls(talk)
        await talk.start_tls(fake.context(server=True))
        await talk.expect_header()
        talk.say_header(CONTOSO, "two")
        talk.say_features(EXTERNAL)
        heard.append((await talk.expect("<auth "))[0])
        talk.say("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure></stream:stream>")

    async with facing(world, fake, play, STP) as (_gateway, alice):
        await alice.message(ALICE, BOB, "not in the clear")
        assert "remote-server-timeout" in await alice.receive()
        assert heard == ["<auth ", "</stream:stream>"]


async def test_a_key_is_not_verified_in_the_clear_after_tls_failed(world: World) -> None:
    """What the gateway asks an authoritative server goes the same way as what it sends."""
    fake = fake_of(world)
    second = second_server(world, fake)
    heard = list[str]()

    async def play_second(talk: Conversation) -> None:
        await talk.expect_header()
        talk.say_header(CONTOSO, "one")
        talk.say_features(DIALBACK)
        heard.append((await talk.expect("<db:verify |</stream:stream>"))[0])

    async with facing(world, fake, begin_tls, STP), second.serve(play_second):
        async with fake.connect(world.addresses[CONTOSO]) as talk:
            talk.say_header(CONTOSO)
            await talk.expect("</stream:features>")
            talk.say_dialback("result", CONTOSO, "anything")
            assert "type='error'" in (await talk.expect("<db:result[^>]*>"))[0]
        assert heard == ["</stream:stream>"]


async def test_a_partner_that_we_take_no_tls_from_has_not_lost_it(world: World) -> None:
    async with pair_of_gateways(world, STP, STP) as (west, _east, alice, bob):
        await alice.message(ALICE, BOB, "inside")
        assert await bob.receive_bodies(1) == ["inside"]
        await configure(west, FABRIKAM, P)
        await eventually(lambda: not west.hub.outbound)
        await alice.message(ALICE, BOB, "clear")
        assert await bob.receive_bodies(1) == ["clear"]
        assert (await west.status())["reasons"] == []
        await configure(west, FABRIKAM, STP)
        assert (await west.status())["reasons"] == []


@pytest.mark.parametrize("method", ["external", "dialback"])
async def test_a_stream_that_may_go_both_ways_no_more_brings_nothing_in(world: World, method: str) -> None:
    fake = fake_of(world)
    up, go, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def play(talk: Conversation) -> None:
        await begin_tls(talk)
        await talk.start_tls(fake.context(server=True))
        await talk.expect_header()
        talk.say_header(CONTOSO, "two")
        talk.say_features(EXTERNAL if method == "external" else DIALBACK, BIDI)
        if method == "external":
            await talk.expect("<auth ")
            talk.say("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")
            await talk.expect_header()
            talk.say_header(CONTOSO, "three")
            talk.say_features()
        else:
            await talk.expect("<db:result ")
            talk.say_dialback("result", CONTOSO, type_="valid")
        await talk.expect("<body>one</body>")
        up.set()
        await go.wait()
        await talk.expect("policy-violation")
        talk.say(AFTER)
        talk.say("</stream:stream>")
        ended.set()

    async with facing(world, fake, play, ST) as (gateway, alice):
        await alice.message(ALICE, BOB, "one")
        await up.wait()
        await configure(gateway, FABRIKAM, T)
        go.set()
        await ended.wait()
        await eventually(lambda: not gateway.hub.outbound and len(gateway.hub.dialling.registry) == 1)
        await alice.message(ALICE, "x@stranger.example", "marker")
        assert "marker" in await alice.receive()  # before it nothing came


def second_server(world: World, fake: FakeServer) -> FakeServer:
    """Give the server that is dialled when ``fake``, which the DNS prefers, has failed."""
    targets = {"one.example": fake.address, "two.example": f"{world.net}3"}
    world.zone.records.update({name: {"A": [address]} for name, address in targets.items()})
    ordered = [f"{number} 0 5269 {name}." for number, name in enumerate(targets)]
    world.zone.records[f"_xmpp-server._tcp.{FABRIKAM}"] = {"SRV": ordered}
    return FakeServer(FABRIKAM, targets["two.example"], fake.certificate, fake.key)


async def begin_tls(talk: Conversation) -> None:
    """Let the gateway begin TLS."""
    await talk.expect_header()
    talk.say_header(CONTOSO, "one")
    talk.say_features(STARTTLS)
    await talk.expect("<starttls ")
    talk.say(PROCEED)


@pytest.mark.parametrize("kind", ["stanza", "key"])
async def test_who_may_use_no_tls_is_not_looked_for_by_direct_tls(world: World, kind: str) -> None:
    fake = fake_of(world)
    world.zone.records[f"_xmpps-server._tcp.{FABRIKAM}"] = {"SRV": [f"0 5 5270 xmpp.{FABRIKAM}."]}
    heard = list[str]()

    async def play(talk: Conversation) -> None:
        await talk.expect_header()
        talk.say_header(CONTOSO, "one")
        talk.say_features(DIALBACK)
        heard.append((await talk.expect("<db:result |<db:verify "))[0])

    async with facing(world, fake, play, P) as (_gateway, alice):
        if kind == "stanza":
            await alice.message(ALICE, BOB, "x")
            await eventually(lambda: bool(heard))
        else:
            async with fake.connect(world.addresses[CONTOSO]) as talk:
                talk.say_header(CONTOSO)
                await talk.expect("</stream:features>")
                talk.say_dialback("result", CONTOSO, "anything")
                await talk.expect("<db:result[^>]*type='error'")
        assert heard == [{"stanza": "<db:result ", "key": "<db:verify "}[kind]]
        assert f"_xmpps-server._tcp.{FABRIKAM}" not in {name for name, _ in world.zone.queries}


async def test_a_pair_that_settings_take_away_makes_room_for_another(world: World) -> None:
    research = f"research.{FABRIKAM}"
    async with pair_of_gateways(world, STP, STP) as (west, east, alice, bob):
        await bob.message(BOB, ALICE, "x")
        assert await alice.receive_bodies(1) == ["x"]
        assert west.hub.counts.pairs_of(FABRIKAM) == 1
        (connection,) = west.hub.inbound
        added = PairAuthorization(research, CONTOSO, Method.DIALBACK, Proof.DNS)
        await configure(west, FABRIKAM, STP, research)
        connection.stream._pairs.add(added)  # noqa: SLF001  # as if research had been verified on it too
        west.hub.authorized(connection, added)
        assert west.hub.counts.pairs_of(FABRIKAM) == 2
        await configure(west, FABRIKAM, S)
        assert west.hub.counts.pairs_of(FABRIKAM) == 1
        assert connection.stream.is_open
        del east


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
async def test_a_stream_that_was_coming_up_when_all_were_reset_is_reset_too(world: World, direction: str) -> None:
    """Its handshake was by the certificate that must not be used any longer."""
    fake = fake_of(world)
    up, go, ends = asyncio.Event(), asyncio.Event(), list[str]()

    async def play(talk: Conversation) -> None:
        if up.is_set():
            return
        await begin_tls(talk)
        await talk.start_tls(fake.context(server=True))
        await talk.expect_header()
        talk.say_header(CONTOSO, "two")
        talk.say_features(DIALBACK)
        await talk.expect("<db:result ")
        up.set()
        await go.wait()
        talk.say_dialback("result", CONTOSO, type_="valid")
        ends.append((await talk.expect("<stream:error><[a-z-]*"))[0])

    async def dial() -> None:
        async with fake.connect(world.addresses[CONTOSO]) as talk:
            talk.say_header(CONTOSO)
            await talk.expect("</stream:features>")
            talk.say(STARTTLS)
            await talk.expect("<proceed ")
            await talk.start_tls(fake.context(server=False))
            talk.say_header(CONTOSO)
            await talk.expect("</stream:features>")
            up.set()
            await go.wait()
            talk.say("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>")
            await talk.expect("<success ")
            talk.say_header(CONTOSO)
            ends.append((await talk.expect("<stream:error><[a-z-]*"))[0])

    async with facing(world, fake, play, ST) as (gateway, alice), asyncio.TaskGroup() as group:
        if direction == "inbound":
            group.create_task(dial())
        else:
            await alice.message(ALICE, BOB, "x")
        await up.wait()
        gateway.hub.reset_streams("the certificate was replaced")
        go.set()
        await eventually(lambda: bool(ends))
        assert ends == ["<stream:error><reset"]


async def test_a_partner_that_is_heard_of_is_dialled_at_once(world: World) -> None:
    contoso, fabrikam = world.settings(CONTOSO, 1), world.settings(FABRIKAM, 2)
    async with (
        world.gateway(contoso, world.pki.issue([CONTOSO]), FABRIKAM) as west,
        connect_component(CONTOSO, SECRET, world.addresses[CONTOSO]) as alice,
    ):
        await alice.send(f"<iq from='{ALICE}' to='{BOB}' type='get' id='i'><ping xmlns='urn:xmpp:ping'/></iq>")
        assert "remote-server-timeout" in await alice.receive()
        pair = west.hub.pairs[CONTOSO, FABRIKAM]
        assert pair.back_off.until > 0
        async with (
            world.gateway(fabrikam, world.pki.issue([FABRIKAM]), CONTOSO),
            connect_component(FABRIKAM, SECRET, world.addresses[FABRIKAM]) as bob,
        ):
            await bob.message(BOB, ALICE, "here")
            assert await alice.receive_bodies(1) == ["here"]
            assert pair.back_off.until == 0


async def test_a_partner_whose_settings_changed_is_dialled_at_once(world: World) -> None:
    async with (
        world.gateway(world.settings(CONTOSO, 1), world.pki.issue([CONTOSO]), FABRIKAM, "other.example") as gateway,
        connect_component(CONTOSO, SECRET, world.addresses[CONTOSO]) as alice,
    ):
        for domain in (FABRIKAM, "other.example"):
            await alice.message(ALICE, f"bob@{domain}", "x")
            assert "remote-server-not-found" in await alice.receive()
        await configure(gateway, FABRIKAM, STP)
        assert gateway.hub.pairs[CONTOSO, FABRIKAM].back_off.until == 0
        assert gateway.hub.pairs[CONTOSO, "other.example"].back_off.until > 0


@pytest.mark.parametrize("kind", ["stanza", "key"])
async def test_a_server_that_says_nothing_hides_no_other(
    world: World, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialback, "VERIFY_TIMEOUT", 2.0)
    fake = fake_of(world)
    second = second_server(world, fake)
    heard = list[str]()

    async def be_mute(talk: Conversation) -> None:
        with suppress(ConnectionResetError):
            await talk.expect("until it hangs up")

    async def play(talk: Conversation) -> None:
        await begin_tls(talk)
        await talk.start_tls(fake.context(server=True))
        await talk.expect_header()
        talk.say_header(CONTOSO, "two")
        talk.say_features(DIALBACK)
        heard.append((await talk.expect("<db:result |<db:verify "))[0])

    async with facing(world, fake, be_mute, STP) as (gateway, alice), second.serve(play):
        gateway.hub.dialling.establishment_timeout = 2.0
        if kind == "stanza":
            await alice.message(ALICE, BOB, "x")
            await eventually(lambda: bool(heard))
        else:
            async with fake.connect(world.addresses[CONTOSO]) as talk:
                talk.say_header(CONTOSO)
                await talk.expect("</stream:features>")
                talk.say_dialback("result", CONTOSO, "anything")
                await talk.expect("<db:result[^>]*type='error'")
        assert heard == [{"stanza": "<db:result ", "key": "<db:verify "}[kind]]
