"""Dialback over real sockets: between two gateways, and with a server that does what no decent one would."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.secret import Secret
from gateway.net import dialback
from gateway.settings import GatewaySettings, Home
from tests.integration.gateway.conftest import SECRET
from tests.support.component import connect_component
from tests.support.dns import host_records
from tests.support.peers.fake import DIALBACK, EXTERNAL, STARTTLS, Conversation, FakeServer
from tests.support.pki import Pki
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from edgecert.shared.jsonvalue import JsonValue
    from gateway.service import Gateway
    from tests.integration.gateway.conftest import World
    from tests.support.component import Component

CONTOSO, FABRIKAM = "contoso.example", "fabrikam.example"
ALICE, BOB = f"alice@{CONTOSO}", f"bob@{FABRIKAM}"
P: dict[str, JsonValue] = {"tls": "not-supported", "sasl": "not-supported", "dialback": True}
T: dict[str, JsonValue] = {"tls": "required", "sasl": "not-supported", "dialback": True}
ST: dict[str, JsonValue] = {"tls": "required", "sasl": "optional", "dialback": True}
STP: dict[str, JsonValue] = {"tls": "optional", "sasl": "optional", "dialback": True}
S: dict[str, JsonValue] = {"tls": "required", "sasl": "required", "dialback": False}


async def configure(gateway: Gateway, domain: str, knobs: dict[str, JsonValue], *more: str) -> None:
    await gateway.put_partner({"domain": domain, "additional_domains": list(more), "type": "federated", **knobs})


async def methods(gateway: Gateway) -> list[tuple[str, str, str]]:
    """Give direction, method and proof of each stream."""
    found = (await gateway.streams())["streams"]
    assert isinstance(found, list)
    return sorted((stream["direction"], stream["method"], stream["proof"]) for stream in found)


@asynccontextmanager
async def pair_of_gateways(
    world: World, left: dict[str, JsonValue], right: dict[str, JsonValue], *, strange: bool = False
) -> AsyncIterator[tuple[Gateway, Gateway, Component, Component]]:
    """Run contoso and fabrikam with settings for each other; ``strange``: fabrikam's certificate proves nothing."""
    pki = Pki.create(world.directory / "other") if strange else world.pki
    contoso, fabrikam = world.settings(CONTOSO, 1), world.settings(FABRIKAM, 2)
    async with (
        world.gateway(contoso, world.pki.issue([CONTOSO])) as west,
        world.gateway(fabrikam, pki.issue([FABRIKAM])) as east,
        connect_component(CONTOSO, SECRET, world.addresses[CONTOSO]) as alice,
        connect_component(FABRIKAM, SECRET, world.addresses[FABRIKAM]) as bob,
    ):
        await configure(west, FABRIKAM, left)
        await configure(east, CONTOSO, right)
        yield west, east, alice, bob


async def exchange(alice: Component, bob: Component) -> None:
    await alice.message(ALICE, BOB, "ping")
    assert await bob.receive_bodies(1) == ["ping"]
    await bob.message(BOB, ALICE, "pong")
    assert await alice.receive_bodies(1) == ["pong"]


@pytest.mark.parametrize(
    ("knobs", "strange", "method", "proof"),
    [
        (P, False, "dialback", "dns"),
        (T, True, "tls-dialback", "dns"),
        (T, False, "tls-dialback", "pkix"),
        (ST, True, "tls-dialback", "dns"),
        (ST, False, "external", "pkix"),
        (STP, False, "external", "pkix"),
    ],
    ids=["P", "T strange", "T", "ST strange", "ST", "STP"],
)
async def test_two_gateways_federate_by_the_strongest_method_left(
    world: World, knobs: dict[str, JsonValue], strange: bool, method: str, proof: str
) -> None:
    async with pair_of_gateways(world, knobs, knobs, strange=strange) as (west, _east, alice, bob):
        await exchange(alice, bob)
        # Where the certificate proves the partner, the one stream goes both ways.
        directions = ["outbound"] if method == "external" else ["inbound", "outbound"]
        assert await methods(west) == [(direction, method, proof) for direction in directions]


async def test_changed_settings_take_effect_on_live_streams(world: World) -> None:
    async with pair_of_gateways(world, STP, P) as (west, east, alice, bob):
        await exchange(alice, bob)
        assert {method for _, method, _ in await methods(west)} == {"dialback"}
        await configure(west, FABRIKAM, ST)
        await eventually(
            lambda: not any(connection.authenticated for connection in (*west.hub.inbound, *east.hub.inbound))
        )
        assert all(pair.connection is None for pair in west.hub.pairs.values())
        await configure(east, CONTOSO, STP)
        await exchange(alice, bob)
        assert {method for _, method, _ in await methods(west)} == {"external"}


async def test_tls_that_a_partner_offers_no_more_is_told_and_the_stream_goes_on(world: World) -> None:
    async with pair_of_gateways(world, STP, STP) as (west, east, alice, bob):
        await alice.message(ALICE, BOB, "inside")
        assert await bob.receive_bodies(1) == ["inside"]
        west.hub.reset_streams("anew")
        await eventually(lambda: not west.hub.outbound)
        await configure(east, CONTOSO, P)  # which offers no TLS
        await alice.message(ALICE, BOB, "clear")
        assert await bob.receive_bodies(1) == ["clear"]
        status = await west.status()
        assert "'code': 'tls-vanished'" in str(status["partners"])
        assert f"'reason': 'tls-vanished: {FABRIKAM} used TLS until" in str(status["partners"])
        assert f"tls-vanished: {FABRIKAM} used TLS until" in str(status["reasons"])


async def test_a_node_with_another_secret_is_told_so(world: World) -> None:
    async with pair_of_gateways(world, P, P) as (west, _east, alice, _bob):
        west.hub.dialling.keys.make_key = lambda *_names: "f00d"  # type: ignore[method-assign]  # another node's key
        await alice.message(ALICE, BOB, "x")
        assert "remote-server-timeout" in await alice.receive()
        assert failure_of(west).startswith("dialback-refused")


def failure_of(gateway: Gateway) -> str:
    return next(str(pair.failure) for pair in gateway.hub.pairs.values())


@pytest.mark.parametrize(
    ("record", "condition"),
    [("0 0 0 .", "remote-server-not-found"), ("0 0 5269 dead.example.", "remote-connection-failed")],
)
async def test_who_cannot_be_asked_is_not_let_in_and_hears_why(world: World, record: str, condition: str) -> None:
    async with pair_of_gateways(world, P, P) as (west, _east, alice, _bob):
        world.zone.records["dead.example"] = {"A": [f"{world.net}77"]}
        world.zone.records[f"_xmpp-server._tcp.{CONTOSO}"] = {"SRV": [record]}
        await alice.message(ALICE, BOB, "x")
        assert "remote-server-timeout" in await alice.receive()
        assert failure_of(west) == f"dialback-failed: {condition}"


# --- with a server that a test plays


def two_homes(world: World) -> GatewaySettings:
    settings = world.settings(CONTOSO, 1)
    (home,) = settings.home
    second = Home(domain="second.example", listen=home.listen, secret_file=home.secret_file)
    return GatewaySettings(settings.gateway, settings.listen, settings.resolver, settings.trust, home=(home, second))


def fake_of(world: World) -> FakeServer:
    world.zone.records.update(host_records(FABRIKAM, f"{world.net}2"))
    world.zone.records.update(host_records("research.fabrikam.example", f"{world.net}2"))
    return FakeServer.of(FABRIKAM, f"{world.net}2", world.directory / "fake", world.pki.issue([FABRIKAM]))


async def verify_honestly(talk: Conversation, type_: str = "valid") -> None:
    """Answer one question about a key."""
    await talk.expect_header()
    talk.say_header(CONTOSO, "asked")
    talk.say_features(DIALBACK)
    found = await talk.expect(r"<db:verify [^>]*from='([^']*)' to='([^']*)' id='([^']*)'>")
    talk.say_dialback("verify", found[1], from_=found[2], id_=found[3], type_=type_)
    await talk.expect_end()


async def test_further_pairs_share_a_stream_and_each_is_verified(world: World) -> None:
    settings, fake = two_homes(world), fake_of(world)
    async with (
        world.gateway(settings, world.pki.issue([CONTOSO, "second.example"])) as gateway,
        connect_component(CONTOSO, SECRET, world.addresses[CONTOSO]) as alice,
        connect_component("second.example", SECRET, world.addresses[CONTOSO]) as carol,
        fake.serve(verify_honestly),
        fake.connect(world.addresses[CONTOSO]) as talk,
    ):
        await configure(gateway, FABRIKAM, P, "research.fabrikam.example")
        talk.say_header(CONTOSO)
        await talk.expect("<dialback [^>]*><errors/></dialback></stream:features>")
        pairs = [(FABRIKAM, CONTOSO), (FABRIKAM, "second.example"), ("research.fabrikam.example", CONTOSO)]
        for partner, home in pairs:
            talk.say_dialback("result", home, "key", from_=partner)
            await talk.expect(f"<db:result [^>]*from='{home}' to='{partner}' type='valid'/>")
        talk.say_dialback("result", "nowhere.example", "key")
        await talk.expect("type='error'><error type='cancel'><item-not-found ")
        talk.say_dialback("result", CONTOSO, "key", from_="stranger.example")
        await talk.expect("type='error'><error type='cancel'><policy-violation ")
        assert len(gateway.hub.inbound) == 1
        assert gateway.hub.counts.pairs_of(FABRIKAM) == 3
        talk.say(f"<message from='{BOB}' to='carol@second.example'><body>two</body></message>")
        assert await carol.receive_bodies(1) == ["two"]
        talk.say(f"<message from='x@research.fabrikam.example' to='{ALICE}'><body>three</body></message>")
        assert await alice.receive_bodies(1) == ["three"]
        talk.say(
            "<message from='x@research.fabrikam.example' to='carol@second.example' id='n'><body>no</body></message>"
        )
        await eventually(lambda: gateway.hub.pairs)  # the refusal goes its own way
        talk.close()
        await eventually(lambda: not gateway.hub.inbound)
        assert gateway.hub.counts.pairs_of(FABRIKAM) == 0


@pytest.mark.parametrize("attack", ["id", "from", "to", "kind", "hang up", "invalid"])
async def test_only_the_answer_to_the_question_lets_anyone_in(world: World, attack: str) -> None:
    settings, fake = world.settings(CONTOSO, 1), fake_of(world)

    async def answer(talk: Conversation) -> None:
        await talk.expect_header()
        talk.say_header(CONTOSO, "asked")
        talk.say_features(DIALBACK)
        found = await talk.expect(r"<db:verify [^>]*id='([^']*)'>")
        if attack == "hang up":
            return
        talk.say_dialback(
            "result" if attack == "kind" else "verify",
            "second.example" if attack == "to" else CONTOSO,
            from_="research.fabrikam.example" if attack == "from" else FABRIKAM,
            id_="other" if attack == "id" else found[1],
            type_="invalid" if attack == "invalid" else "valid",
        )
        await talk.expect_end()

    async with (
        world.gateway(settings, world.pki.issue([CONTOSO])) as gateway,
        fake.serve(answer),
        fake.connect(world.addresses[CONTOSO]) as talk,
    ):
        await configure(gateway, FABRIKAM, P, "research.fabrikam.example")
        talk.say_header(CONTOSO)
        talk.say_dialback("result", CONTOSO, "key")
        if attack == "invalid":
            assert "type='invalid'/></stream:stream>" in await talk.expect_end()
        else:
            await talk.expect("<db:result [^>]*type='error'><error type='wait'><remote-server-timeout ")
        assert not any(connection.authenticated for connection in gateway.hub.inbound)


async def test_a_key_is_answered_for_without_authentication(world: World) -> None:
    settings, fake = world.settings(CONTOSO, 1), fake_of(world)
    async with (
        world.gateway(settings, world.pki.issue([CONTOSO])) as gateway,
        fake.connect(world.addresses[CONTOSO]) as talk,
    ):
        await configure(gateway, FABRIKAM, STP)
        gateway.hub.dialling.keys.replace(Secret(b"s3cr3tf0rd14lb4ck"), now=gateway.clock.monotonic())
        talk.say_header(CONTOSO)
        key = gateway.hub.dialling.keys.make_key(FABRIKAM, CONTOSO, "mine")
        for text, type_ in ((key, "valid"), ("f00d", "invalid")):
            talk.say_dialback("verify", CONTOSO, text, id_="mine")
            await talk.expect(f"<db:verify [^>]*from='{CONTOSO}' to='{FABRIKAM}' id='mine' type='{type_}'/>")


@pytest.mark.parametrize("hangs_up", [False, True], ids=["stays", "hangs up"])
async def test_a_peer_that_offers_external_and_refuses_it_is_dialled_back(world: World, hangs_up: bool) -> None:
    settings, fake = world.settings(CONTOSO, 1), fake_of(world)
    refused: list[str] = []
    seen = asyncio.Event()

    async def play(talk: Conversation) -> None:
        await talk.expect_header()
        talk.say_header(CONTOSO, "one")
        talk.say_features(STARTTLS)
        await talk.expect("<starttls ")
        talk.say("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        await talk.start_tls(fake.context(server=True))
        await talk.expect_header()
        talk.say_header(CONTOSO, "two")
        talk.say_features(EXTERNAL, DIALBACK)
        found = await talk.expect("<(auth|db:result) ")
        if found[1] == "auth":
            refused.append("external")
            talk.say("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>")
            if hangs_up:
                talk.say("</stream:stream>")
                return
            await talk.expect("<db:result ")
        talk.say_dialback("result", CONTOSO, type_="valid")
        await talk.expect("<body>hello</body>")
        await seen.wait()

    async with (
        world.gateway(settings, world.pki.issue([CONTOSO])) as gateway,
        connect_component(CONTOSO, SECRET, world.addresses[CONTOSO]) as alice,
        fake.serve(play),
    ):
        await configure(gateway, FABRIKAM, ST)
        await alice.message(ALICE, BOB, "hello")
        await eventually(lambda: gateway.hub.outbound)
        assert await methods(gateway) == [("outbound", "tls-dialback", "pkix")]
        assert refused == ["external"]
        seen.set()


async def test_a_partner_with_too_many_streams_is_refused_by_a_dialback_error(world: World) -> None:
    settings, fake = world.settings(CONTOSO, 1), fake_of(world)
    async with (
        world.gateway(settings, world.pki.issue([CONTOSO])) as gateway,
        fake.serve(verify_honestly),
        fake.connect(world.addresses[CONTOSO]) as talk,
    ):
        await configure(gateway, FABRIKAM, {**P, "connection_limit": 1}, "research.fabrikam.example")
        talk.say_header(CONTOSO)
        talk.say_dialback("result", CONTOSO, "key")
        await talk.expect("type='valid'/>")
        talk.say_dialback("result", CONTOSO, "key", from_="research.fabrikam.example")
        await talk.expect("type='error'><error type='wait'><resource-constraint ")


@pytest.mark.parametrize("bound", ["MAX_VERIFYING", "MAX_PER_DOMAIN"])
async def test_too_many_questions_at_a_time_are_not_asked(
    world: World, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(dialback, bound, 0)
    settings, fake = world.settings(CONTOSO, 1), fake_of(world)
    async with (
        world.gateway(settings, world.pki.issue([CONTOSO])) as gateway,
        fake.connect(world.addresses[CONTOSO]) as talk,
    ):
        await configure(gateway, FABRIKAM, P)
        talk.say_header(CONTOSO)
        talk.say_dialback("result", CONTOSO, "key")
        await talk.expect("<resource-constraint ")


async def test_silence_of_the_authoritative_server_ends_in_a_timeout(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialback, "VERIFY_TIMEOUT", 0.05)
    settings, fake = world.settings(CONTOSO, 1), fake_of(world)

    async def stay_silent(talk: Conversation) -> None:
        await talk.expect_end()

    async with (
        world.gateway(settings, world.pki.issue([CONTOSO])) as gateway,
        fake.serve(stay_silent),
        fake.connect(world.addresses[CONTOSO]) as talk,
    ):
        await configure(gateway, FABRIKAM, P)
        talk.say_header(CONTOSO)
        talk.say_dialback("result", CONTOSO, "key")
        await talk.expect("<remote-server-timeout ")
        assert not gateway.hub.dialback.under_way
