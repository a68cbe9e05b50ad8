from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from edgecert.shared.control import SwapRequest
from gateway.model.contact import Contact, ContactKey
from gateway.service import Gateway
from gateway.settings import AccessOptions
from tests.integration.gateway.conftest import SECRET
from tests.support.clock import FakeClock
from tests.support.component import connect_component
from tests.support.pki import now
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import World

ALICE, BOB = "alice@contoso.example", "bob@fabrikam.example"
KEY = ContactKey("alice", "contoso.example", "bob", "fabrikam.example")


async def test_a_contact_is_on_disk_before_its_stanza_goes_on(world: World) -> None:
    settings = world.settings("contoso.example", 1)
    async with (
        world.gateway(settings, None, "fabrikam.example"),
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
    ):
        await alice.send(f"<presence from='{ALICE}' to='{BOB}' type='subscribe' id='s'/>")
        # There is no such server: that the error comes back tells that the stanza went on.
        assert "remote-server-not-found" in await alice.receive()
    again = Gateway(settings)
    async with again.running():
        assert again.hub.traffic.contacts.find(KEY) == Contact(listed=True, asked=True)


async def test_the_gateway_answers_subscriptions_where_it_is_told_to(world: World) -> None:
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2)
    contoso = replace(contoso, home=tuple(replace(home, consent="gateway") for home in contoso.home))
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example") as gateway,
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example"),
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await bob.send(f"<presence from='{BOB}' to='{ALICE}' type='subscribe'/>")
        assert "type='subscribed'" in await bob.receive()
        assert await alice.receive() == f"<presence type='probe' from='{BOB}' to='{ALICE}'/>"
        assert gateway.hub.traffic.contacts.find(KEY) == Contact(granted=True)
        # Home's own approval is one too many; its denial counts.
        for type_ in ("subscribed", "unsubscribed"):
            await alice.send(f"<presence from='{ALICE}' to='{BOB}' type='{type_}'/>")
        assert "type='unsubscribed'" in await bob.receive()
        assert not gateway.hub.traffic.contacts.find(KEY).exists


async def test_a_home_system_that_is_gone_takes_its_users_with_it_and_is_asked_on_return(world: World) -> None:
    clock = FakeClock(now())
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2)
    left = Gateway(contoso, clock=clock)
    async with (
        left.running(),
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example"),
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await left.swap(SwapRequest(world.pki.issue(["contoso.example"]).bundle()))
        await left.put_partner({"domain": "fabrikam.example", "type": "federated"})
        async with connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice:
            await alice.send(f"<presence from='{ALICE}/desk' to='{BOB}'><status>here</status></presence>")
            assert "here" in await bob.receive()
        await eventually(lambda: not left.hub.components)
        clock.advance(timedelta(seconds=31))
        left.hub.keep_house()
        assert await bob.receive() == f"<presence type='unavailable' from='{ALICE}/desk' to='{BOB}'/>"
        async with connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice:
            assert await alice.receive() == f"<presence type='probe' from='{BOB}' to='{ALICE}'/>"


async def test_who_is_gated_by_a_reload_is_gone_for_partners_at_once(world: World) -> None:
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2)
    current = [contoso]
    left = Gateway(contoso, reread=lambda: current[-1])
    async with (
        left.running(),
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example"),
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await left.swap(SwapRequest(world.pki.issue(["contoso.example"]).bundle()))
        await left.put_partner({"domain": "fabrikam.example", "type": "federated"})
        await alice.send(f"<presence from='{ALICE}/desk' to='{BOB}'/>")
        await bob.receive()
        current.append(replace(contoso, access=AccessOptions(users={ALICE: False})))
        await left.reload()
        assert "type='unavailable'" in await bob.receive()
        await bob.message(BOB, ALICE, "x")
        assert "service-unavailable" in await bob.receive()
        await alice.message(ALICE, BOB, "y")
        assert "forbidden" in await alice.receive()
        await left.remove_partner("fabrikam.example")


async def test_a_removed_partner_hears_that_users_are_gone_before_its_streams_end(world: World) -> None:
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2)
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example") as left,
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example"),
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await alice.send(f"<presence from='{ALICE}/desk' to='{BOB}'/>")
        await bob.receive()
        await left.remove_partner("fabrikam.example")
        assert "type='unavailable'" in await bob.receive()


async def test_a_subscription_waits_for_a_home_system_that_is_away(world: World) -> None:
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2)
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example"),
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example"),
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await bob.send(f"<presence from='{BOB}' to='{ALICE}' type='subscribe'/>")
        await bob.message(BOB, ALICE, "x")
        assert "service-unavailable" in await bob.receive()
        async with connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice:
            assert "type='subscribe'" in await alice.receive()
