from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.net.outbound import OutboundConnection
from gateway.settings import LimitOptions
from tests.integration.gateway.conftest import SECRET
from tests.support.component import connect_component
from tests.support.rawpeer import DOMAIN, EXTERNAL, dial_authenticated, dial_tls, header
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import World


async def test_a_stream_knows_whom_it_brought_and_on_which_generation(world: World) -> None:
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2)
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example") as gateway,
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example"),
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await bob.message("bob@fabrikam.example", "alice@contoso.example", "x")
        await alice.receive()
        (connection,) = gateway.hub.inbound
        assert connection.authenticated
        assert (connection.partner, connection.home) == ("fabrikam.example", "contoso.example")
        assert (connection.generation, connection.stanzas_in) == (("edge", 1), 1)
        assert b'streams{direction="inbound",generation="1",name="edge"} 1.0' in gateway.metrics.render()
        connection.abort()
        await eventually(lambda: not gateway.hub.inbound)
        assert b'streams{direction="inbound"' not in gateway.metrics.render()


async def test_a_stanza_for_a_domain_that_is_not_ours_is_answered_in_the_home_domains_name(world: World) -> None:
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2)
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example") as gateway,
        world.gateway(fabrikam, world.pki.issue(["fabrikam.example"]), "contoso.example") as other,
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await bob.message("bob@fabrikam.example", "alice@contoso.example", "x")
        await alice.receive()
        (pair,) = other.hub.pairs.values()
        assert isinstance(pair.connection, OutboundConnection)
        # An error is only let in from somebody who was written to.
        await bob.message("bob@fabrikam.example", "contoso.example", "y")
        await alice.receive()
        stray = b"<message from='bob@fabrikam.example' to='x@litware.example' id='s'><body>x</body></message>"
        pair.connection.stream._say(stray)  # noqa: SLF001  # our own stream would not say it
        pair.connection.wake()
        answer = await bob.receive()
        assert "service-unavailable" in answer
        assert "from='contoso.example'" in answer
        assert gateway.hub.inbound


async def test_one_stream_too_many_of_a_partner_brings_nothing_and_ends(world: World) -> None:
    settings = world.settings(DOMAIN, 1, limits=LimitOptions(partner_connection_limit=1))
    host = world.addresses[DOMAIN]
    async with (
        world.gateway(settings, world.pki.issue([DOMAIN]), "fabrikam.example") as gateway,
        connect_component(DOMAIN, SECRET, host) as alice,
    ):
        first = await dial_authenticated(host, gateway, world.pki)
        second = await dial_tls(host, gateway, world.pki)
        second.say(header("fabrikam.example"))
        await second.until(rb"</stream:features>")
        second.say(EXTERNAL)
        await second.until(rb"<success[^>]*>")
        said = "<message from='bob@fabrikam.example' to='alice@contoso.example' id='{}'/>"
        second.say(header("fabrikam.example") + said.format("early").encode())
        await second.until(rb"policy-violation.*</stream:stream>")
        second.say(said.format("late").encode())
        await second.until_closed()
        first.say(said.format("good").encode())
        assert "id='good'" in await alice.receive()
        await eventually(lambda: len(gateway.hub.inbound) == 1)
        for peer in (first, second):
            await peer.close()


async def test_a_stream_rests_from_the_beginning_until_its_first_stanza(world: World) -> None:
    settings = world.settings(DOMAIN, 1)
    host = world.addresses[DOMAIN]
    async with (
        world.gateway(settings, world.pki.issue([DOMAIN]), "fabrikam.example") as gateway,
        connect_component(DOMAIN, SECRET, host) as alice,
    ):
        peer = await dial_authenticated(host, gateway, world.pki)
        (connection,) = gateway.hub.inbound
        assert not connection.machine.rest()  # it does already
        for word in ("one", "two"):
            peer.say(f"<message from='bob@fabrikam.example' to='alice@contoso.example' id='{word}'/>".encode())
            assert f"id='{word}'" in await alice.receive()
        assert connection.machine.rest()
