"""``partner test`` inside the gateway: the real program on both ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gateway.net import partnerwalk
from tests.support.dns import host_records
from tests.support.pki import Pki

if TYPE_CHECKING:
    import pytest

    from edgecert.shared.jsonvalue import JsonObject
    from gateway.service import Gateway
    from tests.integration.gateway.conftest import World

HOME, DOMAIN = "contoso.example", "fabrikam.example"


async def walk(gateway: Gateway, domain: str = DOMAIN) -> list[JsonObject]:
    begun = await gateway.start_partner_test(domain, "")
    steps: list[JsonObject] = []
    async with asyncio.timeout(30):
        while True:
            answer = await gateway.partner_test(str(begun["id"]), len(steps))
            assert isinstance(answer["steps"], list)
            steps += [step for step in answer["steps"] if isinstance(step, dict)]
            if answer["finished"]:
                assert answer["reached"] is (steps[-1]["outcome"] != "failed")
                return steps


def outcomes(steps: list[JsonObject]) -> list[str]:
    return [f"{step['step']} {step['outcome']}" for step in steps]


async def test_the_whole_way_to_a_partner_and_back(world: World) -> None:
    contoso, fabrikam = world.settings(HOME, 1), world.settings(DOMAIN, 2)
    async with (
        world.gateway(contoso, world.pki.issue([HOME]), DOMAIN) as gateway,
        world.gateway(fabrikam, world.pki.issue([DOMAIN]), HOME),
    ):
        steps = await walk(gateway)
        assert outcomes(steps) == ["dns ok", "tcp ok", "tls ok", "identity ok", "authentication ok", "ping ok"]
        assert f"xmpp.{DOMAIN}:5269" in str(steps[0]["text"])
        assert f"{world.net}2:5269" in str(steps[1]["text"])
        assert "TLSv1.3" in str(steps[2]["text"])
        assert all(isinstance(step["elapsed_ms"], float) for step in steps)
        assert gateway.hub.pairs == {}


async def test_a_domain_that_is_no_partner_yet_is_tried_with_the_defaults(world: World) -> None:
    contoso, fabrikam = world.settings(HOME, 1), world.settings(DOMAIN, 2)
    async with (
        world.gateway(contoso, world.pki.issue([HOME])) as gateway,
        world.gateway(fabrikam, world.pki.issue([DOMAIN]), HOME),
    ):
        steps = await walk(gateway)
        assert outcomes(steps)[-2:] == ["authentication ok", "ping skipped"]
        assert "no partner yet" in str(steps[-1]["text"])


async def test_stops_at_what_the_dns_lacks(world: World) -> None:
    world.zone.records[f"_xmpp-server._tcp.{DOMAIN}"] = {"SRV": ["0 0 0 ."]}
    async with world.gateway(world.settings(HOME, 1), world.pki.issue([HOME])) as gateway:
        (step,) = await walk(gateway)
        assert (step["step"], step["outcome"], step["code"]) == ("dns", "failed", "dns-not-found")
        assert "SRV" in str(step["hint"])


async def test_tells_of_a_server_that_does_not_answer_and_goes_on_to_the_next(world: World) -> None:
    contoso, fabrikam = world.settings(HOME, 1), world.settings(DOMAIN, 2)
    records = world.zone.records
    records[f"_xmpp-server._tcp.{DOMAIN}"] = {"SRV": [f"0 0 5299 xmpp.{DOMAIN}.", f"1 0 5269 xmpp.{DOMAIN}."]}
    async with world.gateway(contoso, world.pki.issue([HOME])) as gateway:
        steps = await walk(gateway)
        assert outcomes(steps) == ["dns ok", "tcp failed"]
        assert steps[1]["code"] == "connect-failed"
        assert "5299" in str(steps[1]["text"])
        assert "5269" in str(steps[1]["text"])
        async with world.gateway(fabrikam, world.pki.issue([DOMAIN]), HOME):
            steps = await walk(gateway)
            assert outcomes(steps)[:3] == ["dns ok", "tcp warning", "tls ok"]
            assert "not reached: port 5299" in str(steps[1]["text"])


async def test_stops_at_a_certificate_that_proves_nothing(world: World) -> None:
    contoso, fabrikam = world.settings(HOME, 1), world.settings(DOMAIN, 2)
    stranger = Pki.create(world.directory / "stranger")
    async with (
        world.gateway(contoso, world.pki.issue([HOME]), DOMAIN) as gateway,
        world.gateway(fabrikam, stranger.issue([DOMAIN]), HOME),
    ):
        steps = await walk(gateway)
        assert outcomes(steps)[:4] == ["dns ok", "tcp ok", "tls ok", "identity failed"]
        assert (steps[-1]["code"], DOMAIN in str(steps[-1]["hint"])) == ("peer-certificate", True)


async def test_a_certificate_that_proves_nothing_is_a_warning_where_dialback_may_do(world: World) -> None:
    contoso, fabrikam = world.settings(HOME, 1), world.settings(DOMAIN, 2)
    stranger = Pki.create(world.directory / "stranger")
    async with (
        world.gateway(contoso, world.pki.issue([HOME])) as gateway,
        world.gateway(fabrikam, stranger.issue([DOMAIN]), HOME) as other,
    ):
        for one, domain in ((gateway, DOMAIN), (other, HOME)):
            await one.put_partner({"domain": domain, "type": "public-verified", "dialback": True})
        steps = await walk(gateway)
        assert outcomes(steps) == ["dns ok", "tcp ok", "tls ok", "identity warning", "authentication ok", "ping ok"]
        assert steps[3]["code"] == "peer-certificate"
        assert "dialback inside TLS" in str(steps[4]["text"])


async def test_stops_where_they_do_not_let_us_in(world: World) -> None:
    contoso, fabrikam = world.settings(HOME, 1), world.settings(DOMAIN, 2)
    async with (
        world.gateway(contoso, world.pki.issue([HOME]), DOMAIN) as gateway,
        world.gateway(fabrikam, world.pki.issue([DOMAIN])),
    ):
        steps = await walk(gateway)
        assert outcomes(steps)[-1] == "authentication failed"
        assert steps[-1]["code"] == "peer-stream-error"
        assert "not a configured partner" in str(steps[-1]["text"])
        assert "ask to be let in" in str(steps[-1]["hint"])


async def test_stops_where_they_cannot_reach_us(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partnerwalk, "PING_TIMEOUT", 0.5)
    contoso, fabrikam = world.settings(HOME, 1), world.settings(DOMAIN, 2)
    async with (
        world.gateway(contoso, world.pki.issue([HOME]), DOMAIN) as gateway,
        world.gateway(fabrikam, world.pki.issue([DOMAIN])) as other,
    ):
        await other.put_partner({"domain": HOME, "type": "federated", "proxy": f"{world.net}99:1"})
        steps = await walk(gateway)
        assert outcomes(steps)[-1] == "ping failed"
        assert steps[-1]["code"] == "ping-timeout"


async def test_stops_where_no_tls_is_offered(world: World) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"version='1.0'>")
        writer.write(
            b"<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' id='1' "
            b"from='fabrikam.example' version='1.0'><stream:features/>"
        )
        await reader.read()
        writer.close()

    world.zone.records.update(host_records(DOMAIN, f"{world.net}2"))
    server = await asyncio.start_server(serve, f"{world.net}2", 5269)
    async with server, world.gateway(world.settings(HOME, 1), world.pki.issue([HOME])) as gateway:
        steps = await walk(gateway)
        assert outcomes(steps) == ["dns ok", "tcp ok", "tls failed"]
        assert steps[-1]["code"] == "tls-not-offered"
