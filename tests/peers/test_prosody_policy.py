"""What Prosody's users may do to ours, and ours to them, by the type of the partner: rosters and presence for real."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.integration.gateway.conftest import SECRET, World
from tests.support.component import Component, connect_component
from tests.support.dns import host_records, serve_dns
from tests.support.net import loopback_net
from tests.support.peers.prosody import PACKAGES
from tests.support.peers.prosodyusers import Client, connect_client, run_prosody_with_users
from tests.support.pki import Pki

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from gateway.service import Gateway
    from tests.support.peers.prosody import Prosody

pytestmark = pytest.mark.peer(*PACKAGES)

HOME, PARTNER = "contoso.example", "prosody.example"
ALICE, JULIET = f"alice@{HOME}", f"juliet@{PARTNER}"
TRUSTED = ("federated", "public-verified")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    if os.geteuid() != 0:
        pytest.skip("Prosody's resolver asks port 53, which only root may bind")
    with loopback_net() as net, serve_dns(f"{net}53", {}, port=53) as zone:
        yield World(tmp_path, net, Pki.create(tmp_path / "pki"), zone, dns_port=53)


@pytest.fixture
def prosody(world: World) -> Iterator[Prosody]:
    address = f"{world.net}2"
    world.zone.records.update(host_records(PARTNER, address))
    with run_prosody_with_users(
        world.directory / "prosody",
        address,
        PARTNER,
        ("juliet",),
        world.pki.issue([PARTNER]),
        ca_file=world.pki.ca_file,
        nameserver=f"{world.net}53",
    ) as running:
        yield running


@pytest.fixture
async def gateway(world: World) -> AsyncIterator[Gateway]:
    async with world.gateway(world.settings(HOME, 1), world.pki.issue([HOME])) as running:
        yield running


@pytest.fixture
async def alice(world: World, gateway: Gateway) -> AsyncIterator[Component]:
    async with connect_component(HOME, SECRET, world.addresses[HOME]) as component:
        yield component


@pytest.fixture
async def juliet(prosody: Prosody) -> AsyncIterator[Client]:
    async with connect_client(prosody, "juliet") as client:
        yield client


async def set_partner(gateway: Gateway, type_: str) -> None:
    await gateway.put_partner(
        {"domain": PARTNER, "type": type_, "tls": "required", "sasl": "required", "dialback": False}
    )


async def flags(gateway: Gateway) -> set[str]:
    """Give which flags of the two are up."""
    contacts = (await gateway.contacts(ALICE, JULIET))["contacts"]
    assert isinstance(contacts, list)
    return {name for contact in contacts for name, value in contact.items() if value is True}


async def answer_subscription(alice: Component) -> None:
    """Let the home system grant what it was asked for, and show a note."""
    await alice.send(f"<presence from='{ALICE}' to='{JULIET}' type='subscribed'/>")
    await alice.send(f"<presence from='{ALICE}/desk' to='{JULIET}'><show>dnd</show><status>note</status></presence>")


async def subscribe_to_juliet(alice: Component, juliet: Client) -> None:
    """Let the home user ask, and the partner's user grant; the presence follows from Prosody."""
    await alice.send(f"<presence from='{ALICE}' to='{JULIET}' type='subscribe'/>")
    await juliet.receive_matching("type=['\"]subscribe['\"]")
    await juliet.send(f"<presence to='{ALICE}' type='subscribed'/>")
    await alice.receive_matching(
        "type='subscribed'"
    )  # Prosody has said before that she is not available, to a stranger
    await alice.receive_matching(f"from='{JULIET}/test'")


@pytest.mark.parametrize("type_", TRUSTED)
async def test_a_trusted_partners_user_subscribes_without_being_listed(
    gateway: Gateway, alice: Component, juliet: Client, type_: str
) -> None:
    await set_partner(gateway, type_)
    await juliet.send(f"<presence to='{ALICE}' type='subscribe'/>")
    assert "type='subscribe'" in await alice.receive()
    assert await flags(gateway) == set()
    await answer_subscription(alice)
    await juliet.receive_matching("type=['\"]subscribed['\"]")
    presence = await juliet.receive_matching(f"from=['\"]{ALICE}/desk['\"]")
    assert "<show>dnd</show>" in presence
    assert ("note" in presence) == (type_ == "federated")
    assert await flags(gateway) == {"listed", "granted"}
    # Prosody tells that it ends; what was granted is granted no more.
    await juliet.send(f"<presence to='{ALICE}' type='unsubscribe'/>")
    assert "type='unsubscribe'" in await alice.receive()
    assert await flags(gateway) == {"listed"}


@pytest.mark.parametrize("type_", TRUSTED)
async def test_a_trusted_partners_user_writes_to_anyone(
    gateway: Gateway, alice: Component, juliet: Client, type_: str
) -> None:
    await set_partner(gateway, type_)
    await juliet.message(f"{JULIET}/test", ALICE, "hello")
    assert await alice.receive_bodies(1) == ["hello"]
    await alice.message(ALICE, JULIET, "welcome")
    assert "welcome" in await juliet.receive_matching("<message")


async def test_an_unverified_partners_user_reaches_nobody_who_has_not_listed_it(
    gateway: Gateway, alice: Component, juliet: Client
) -> None:
    await set_partner(gateway, "public-unverified")
    await juliet.send(f"<presence to='{ALICE}' type='subscribe'/>")
    await juliet.message(f"{JULIET}/test", ALICE, "hello")
    refused = await juliet.receive_matching("<message")
    assert "service-unavailable" in refused
    absent = f"nobody@{HOME}"
    await juliet.message(f"{JULIET}/test", absent, "hello")
    assert (await juliet.receive_matching("<message")).replace(absent, ALICE) == refused
    knocks = (await gateway.contacts("", ""))["knocks"]
    assert isinstance(knocks, list)
    assert [(knock["home"], knock["partner"], knock["count"]) for knock in knocks] == [(ALICE, JULIET, 1)]
    # Nothing of all this has reached the home system: the first it hears is the answer to what it says itself.
    await alice.send(f"<iq from='{ALICE}' to='{PARTNER}' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>")
    assert "id='p'" in await alice.receive()


async def test_an_unverified_partners_user_who_was_listed_is_let_in_and_sees_no_note(
    gateway: Gateway, alice: Component, juliet: Client
) -> None:
    await set_partner(gateway, "public-unverified")
    await subscribe_to_juliet(alice, juliet)
    assert await flags(gateway) == {"listed", "to"}
    await juliet.message(f"{JULIET}/test", ALICE, "hello")
    assert await alice.receive_bodies(1) == ["hello"]
    await juliet.send(f"<presence to='{ALICE}' type='subscribe'/>")
    assert "type='subscribe'" in await alice.receive()
    await answer_subscription(alice)
    presence = await juliet.receive_matching(f"from=['\"]{ALICE}/desk['\"]")
    assert "<show>dnd</show>" in presence
    assert "note" not in presence
    assert await flags(gateway) == {"listed", "to", "granted"}
    # Taken from the list, the partner's user is nobody again.
    for type_ in ("unsubscribed", "unsubscribe"):
        await alice.send(f"<presence from='{ALICE}' to='{JULIET}' type='{type_}'/>")
        await juliet.receive_matching(f"type=['\"]{type_}['\"]")
    assert await flags(gateway) == set()
    await juliet.message(f"{JULIET}/test", ALICE, "still there?")
    assert "service-unavailable" in await juliet.receive_matching("<message")


@pytest.mark.parametrize("type_", [*TRUSTED, "public-unverified"])
async def test_a_home_user_subscribes_and_is_told_when_the_other_leaves(
    gateway: Gateway, alice: Component, prosody: Prosody, type_: str
) -> None:
    await set_partner(gateway, type_)
    async with connect_client(prosody, "juliet") as juliet:
        await subscribe_to_juliet(alice, juliet)
    assert "type='unavailable'" in await alice.receive()
    assert await flags(gateway) == {"listed", "to"}


async def test_an_administrators_pin_lets_an_unverified_user_in(
    gateway: Gateway, alice: Component, juliet: Client
) -> None:
    await set_partner(gateway, "public-unverified")
    await gateway.add_contact(ALICE, JULIET, dry_run=False)
    await juliet.message(f"{JULIET}/test", ALICE, "hello")
    assert await alice.receive_bodies(1) == ["hello"]
    await gateway.remove_contact(ALICE, JULIET, dry_run=False)
    await juliet.message(f"{JULIET}/test", ALICE, "again")
    assert "service-unavailable" in await juliet.receive_matching("<message")
