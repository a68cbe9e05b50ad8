from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import pytest

from edgecert.shared.control import SwapRequest
from edgecert.shared.errors import EdgecertError, PermissionDeniedError
from gateway.database.file import Database
from gateway.database.queue import QueueStore
from gateway.service import Gateway
from gateway.service import gateway as gateways
from gateway.settings import (
    AccessOptions,
    GatewayOptions,
    GatewaySettings,
    LimitOptions,
    ListenOptions,
    TrustOptions,
)
from tests.integration.gateway.conftest import SECRET
from tests.support.component import connect_component
from tests.support.pki import Pki
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.model.queued import QueuedStanza
    from tests.integration.gateway.conftest import World

DOMAIN = "contoso.example"


async def test_a_reload_takes_limits_trust_and_access_and_names_what_it_cannot(world: World) -> None:
    settings = world.settings(DOMAIN, 1)
    changed = replace(
        settings,
        limits=LimitOptions(connection_limit=7),
        access=AccessOptions(allow_xmpp=False),
        listen=ListenOptions(s2s=("127.0.0.1:5999",)),
    )
    current: list[GatewaySettings] = [changed]
    gateway = Gateway(settings, reread=lambda: current[-1])
    async with gateway.running():
        answer = await gateway.reload()
        assert answer == {"reloaded": True, "notes": ["listen has changed, which takes effect at the next start"]}
        assert gateway.hub.limits.connection_limit == 7
        assert not gateway.hub.access.allow_xmpp
        contexts = gateway.certificates.slot.current
        current.append(replace(changed, limits=LimitOptions(), trust=TrustOptions(ca_file="/nowhere/ca.pem")))
        with pytest.raises(EdgecertError) as caught:
            await gateway.reload()
        assert caught.value.code == "trust-unreadable"
        assert gateway.hub.limits.connection_limit == 7
        assert gateway.certificates.slot.current is contexts


async def test_the_status_has_what_outsiders_rely_on(world: World) -> None:
    async with world.gateway(world.settings(DOMAIN, 1, direct=True), world.pki.issue([DOMAIN])) as gateway:
        status = await gateway.status()
        assert status["ready"] is True
        assert status["reasons"] == []
        assert status["listeners"] == [
            {"address": f"{world.net}1:5269", "protocol": "xmpp-s2s", "domains": [DOMAIN]},
            {"address": f"{world.net}1:5270", "protocol": "xmpps-s2s", "domains": [DOMAIN]},
        ]
        assert isinstance(status["certificates"], list)
        certificate = status["certificates"][0]
        assert {"name", "generation", "serial", "not_after", "domains"} <= certificate.keys()
        assert certificate["domains"] == [DOMAIN]
        assert status["streams"] == {"inbound": 0, "outbound": 0}
        assert status["homes"] == [{"domain": DOMAIN, "connected": False}]


async def test_an_address_in_use_stops_the_start_and_leaves_nothing_behind(world: World) -> None:
    settings = world.settings(DOMAIN, 1)
    async with world.gateway(settings, None):
        other = replace(settings, gateway=replace(settings.gateway, state_dir=str(world.directory / "other")))
        with pytest.raises(EdgecertError) as caught:
            async with Gateway(other).running():
                pytest.fail("it runs")
        assert caught.value.code == "address-in-use"
    async with Gateway(other).running():
        pass


@pytest.mark.parametrize("field", [field.name for field in fields(LimitOptions)])
async def test_a_reload_takes_every_limit(world: World, field: str) -> None:
    settings = world.settings(DOMAIN, 1)
    changed = replace(settings, limits=replace(settings.limits, **{field: getattr(settings.limits, field) + 60}))
    gateway = Gateway(settings, reread=lambda: changed)
    hub = gateway.hub

    def now() -> tuple[object, ...]:
        return hub.limits, hub.dialling.limits, hub.dialling.establishment_timeout

    async with gateway.running():
        before = now()
        assert (await gateway.reload())["notes"] == []
        assert now() != before
        # Streams that begin now, in either direction, are told the new ones.
        assert hub.make_inbound(direct_tls=False).machine.max_held == changed.limits.max_stanza_size
        assert hub.dialling.limits == changed.stream_limits
        assert hub.dialling.establishment_timeout == changed.limits.stream_establishment_timeout


@pytest.mark.parametrize("field", [field.name for field in fields(GatewayOptions)])
async def test_a_reload_takes_a_key_of_the_gateway_or_says_that_it_does_not(world: World, field: str) -> None:
    settings = world.settings(DOMAIN, 1)
    value: Any = str(world.directory / "other")
    value = {"certificates": ("edge",), "event_loop": "auto", "log_message_bodies": True}.get(field, value)
    (world.directory / "other").touch(mode=0o600)
    (world.directory / "other").write_text("another secret")
    changed = replace(settings, gateway=replace(settings.gateway, **{field: value}))
    if field == "event_loop":
        settings = replace(settings, gateway=replace(settings.gateway, event_loop="asyncio"))
    gateway = Gateway(settings, reread=lambda: changed)
    async with gateway.running():
        notes = (await gateway.reload())["notes"]
    if field == "dialback_secret_file":
        assert "the dialback secret has changed" in str(notes)
    else:
        late = [f"gateway.{field} has changed, which takes effect at the next start"]
        assert notes == ([] if field in {"certificates", "log_message_bodies"} else late)


async def test_a_reload_that_is_refused_leaves_everything_as_it_was(world: World) -> None:
    settings = world.settings(DOMAIN, 1)
    world.pki.issue([DOMAIN])
    open_to_others = world.directory / "dialback.secret"
    open_to_others.write_text("s3cret")
    open_to_others.chmod(0o644)
    roots = world.directory / "other-roots.pem"
    roots.write_bytes(Pki.create(world.directory / "other-pki").ca_file.read_bytes())
    changed = replace(
        settings,
        gateway=replace(settings.gateway, dialback_secret_file=str(open_to_others)),
        trust=TrustOptions(ca_file=str(roots)),
        limits=LimitOptions(connection_limit=7),
    )
    gateway = Gateway(settings, reread=lambda: changed)
    async with gateway.running():
        contexts = gateway.certificates.slot.current
        with pytest.raises(PermissionDeniedError):
            await gateway.reload()
        assert gateway.certificates.slot.current is contexts
        assert gateway.hub.limits.connection_limit == LimitOptions().connection_limit


async def test_a_fault_in_housekeeping_ends_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(gateways, "HOUSE_INTERVAL", 0.01)
    gateway = Gateway(world.settings(DOMAIN, 1))
    ticks = 0

    def keep_house() -> int:
        nonlocal ticks
        ticks += 1
        raise KeyError("not thought of")

    gateway.hub.keep_house = keep_house  # type: ignore[method-assign]  # a fault nobody knows of yet
    async with gateway.running():
        await eventually(lambda: ticks >= 3)
    assert "housekeeping failed; it goes on" in caplog.text


async def test_all_that_waits_is_on_disk_though_time_goes_by_meanwhile(world: World) -> None:
    away = ("one.example", "two.example")
    for number, domain in enumerate(away, 7):
        world.settings(domain, number)  # in the DNS, and nobody listens
    settings, partner = world.settings(DOMAIN, 1), world.settings("fabrikam.example", 2)
    gateway = Gateway(settings)
    shelf = gateway.hub.dialling.shelf
    assert shelf is not None
    add = shelf.add

    async def add_slowly(stanzas: Sequence[QueuedStanza]) -> list[QueuedStanza]:
        gateway.hub.keep_house()
        return await add(stanzas)

    shelf.add = add_slowly  # type: ignore[method-assign]  # the real one, and a tick of the house meanwhile
    async with world.gateway(partner, world.pki.issue(["fabrikam.example"]), DOMAIN), gateway.running():
        await gateway.swap(SwapRequest(world.pki.issue([DOMAIN]).bundle()))
        for domain in ("fabrikam.example", *away):
            await gateway.put_partner({"domain": domain, "type": "federated"})
        async with (
            connect_component(DOMAIN, SECRET, world.addresses[DOMAIN]) as alice,
            connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
        ):
            await alice.message(f"alice@{DOMAIN}", "bob@fabrikam.example", "x")
            await bob.receive()
            for domain in away:
                await alice.message(f"alice@{DOMAIN}", f"carol@{domain}", "kept")
            await eventually(lambda: sum(bool(pair.failure) for pair in gateway.hub.pairs.values()) == len(away))
    with Database(settings.database) as database:
        assert sorted(backlog.domain for backlog in QueueStore(database).backlogs()) == list(away)
