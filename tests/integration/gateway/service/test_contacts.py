from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.model.contact import Contact, ContactKey
from gateway.service import Gateway
from tests.integration.gateway.conftest import SECRET
from tests.support.component import connect_component

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
