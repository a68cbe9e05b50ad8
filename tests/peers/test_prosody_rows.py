"""Every row of the partner table against one Prosody: by which method streams come up, both ways, or that none does."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

import pytest

from gateway.policy.methods import ROWS, Row, is_tls_possible
from tests.integration.gateway.conftest import SECRET, World
from tests.support.component import connect_component
from tests.support.dns import host_records, serve_dns
from tests.support.net import loopback_net
from tests.support.peers.prosody import COMPONENT_SECRET, PACKAGES
from tests.support.peers.prosodyrows import HOSTS, host_of, run_prosody_rows
from tests.support.pki import Pki
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.service import Gateway
    from tests.support.component import Component

pytestmark = pytest.mark.peer(*PACKAGES)

HOME: Final = "contoso.example"
ALICE: Final = f"alice@{HOME}"
VALID: Final = [row for row in ROWS if row.valid]
METHODS: Final = {"S": "external", "T": "tls-dialback", "P": "dialback"}
# What a host of Prosody can do, strongest first; the first that is in the row's method set is used. TLS comes before
# the clear: where the row may use TLS, `t` and `bad` offer it and take it.
WAYS: Final = {"all": "STP", "s": "S", "t": "TP", "p": "P", "bad": "TP"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    if os.geteuid() != 0:
        pytest.skip("Prosody's resolver asks port 53, which only root may bind")
    with loopback_net() as net, serve_dns(f"{net}53", {}, port=53) as zone:
        made = World(tmp_path, net, Pki.create(tmp_path / "pki"), zone, dns_port=53)
        for kind in HOSTS:
            zone.records.update(host_records(host_of(kind), f"{net}2"))
        yield made


def expected(row: Row, kind: str) -> str:
    """Give the method that both directions must use; empty if neither may come up."""
    letters = {method.value for method in row.methods}
    return next((METHODS[way] for way in WAYS[kind] if way in letters), "")


async def test_each_row_uses_the_strongest_method_that_both_sides_have(world: World) -> None:
    settings = world.settings(HOME, 1)
    async with AsyncExitStack() as stack:
        prosody = stack.enter_context(run_prosody_rows(world.directory / "prosody", f"{world.net}2", world.pki))
        gateway = await stack.enter_async_context(world.gateway(settings, world.pki.issue([HOME])))
        alice = await stack.enter_async_context(connect_component(HOME, SECRET, world.addresses[HOME]))
        juliets = {
            kind: await stack.enter_async_context(connect_component(host_of(kind), COMPONENT_SECRET, prosody.address))
            for kind in HOSTS
        }
        seen: dict[tuple[int, str], tuple[str, str]] = {}
        for row in VALID:
            await configure(gateway, row)
            for kind, juliet in juliets.items():
                seen[row.number, kind] = await try_both_ways(gateway, alice, juliet, kind, row)
        wanted = {(row.number, kind): (expected(row, kind),) * 2 for row in VALID for kind in HOSTS}
        assert seen == wanted


async def configure(gateway: Gateway, row: Row) -> None:
    """Give every host of Prosody the knobs of ``row``, and let nothing live on from the row before."""
    gateway.hub.reset_streams("the next row")
    await eventually(lambda: not gateway.hub.inbound and not gateway.hub.outbound)
    for pair in tuple(gateway.hub.pairs.values()):
        pair.clear_back_off()
    knobs = {"tls": row.tls, "sasl": row.sasl, "dialback": row.dialback}
    await gateway.apply_partners(
        [{"domain": host_of(kind), "type": "federated", **knobs} for kind in HOSTS], dry_run=False
    )


async def try_both_ways(gateway: Gateway, alice: Component, juliet: Component, kind: str, row: Row) -> tuple[str, str]:
    """Give the methods of outbound and inbound; empty where the message came back as an error."""
    peer = f"juliet@{host_of(kind)}"
    out, in_ = f"out-{row.number}-{kind}", f"in-{row.number}-{kind}"
    may = bool(expected(row, kind))
    await alice.message(ALICE, peer, out)
    answer = await (juliet if may else alice).receive()
    assert (out in answer, "type='error'" in answer) == (True, not may), answer
    await juliet.message(peer, ALICE, in_)
    answer = await (alice if may else juliet).receive()
    assert (in_ in answer, "type='error'" in answer) == (True, not may), answer
    found = (await gateway.streams())["streams"]
    assert isinstance(found, list)
    used = {stream["direction"]: stream["method"] for stream in found if stream["domain"] == host_of(kind)}
    return used.get("outbound", ""), used.get("inbound", "")


async def test_direct_tls_is_dialled_and_taken_where_the_row_lets_tls_be(world: World) -> None:
    """The DNS names `_xmpps-server` alone, so that a message which arrives came by direct TLS."""
    settings = world.settings(HOME, 1, direct=True)
    for name, host in ((HOME, 1), *((host_of(kind), 2) for kind in HOSTS)):
        world.zone.records.update(host_records(name, f"{world.net}{host}", direct_tls_port=5270))
        del world.zone.records[f"_xmpp-server._tcp.{name}"]
    async with AsyncExitStack() as stack:
        prosody = stack.enter_context(run_prosody_rows(world.directory / "prosody", f"{world.net}2", world.pki))
        gateway = await stack.enter_async_context(world.gateway(settings, world.pki.issue([HOME])))
        alice = await stack.enter_async_context(connect_component(HOME, SECRET, world.addresses[HOME]))
        juliet = await stack.enter_async_context(connect_component(host_of("all"), COMPONENT_SECRET, prosody.address))
        methods: set[str] = set()
        for row in VALID:
            await configure(gateway, row)
            if not is_tls_possible(row.methods):
                await alice.message(ALICE, f"juliet@{host_of('all')}", f"out-{row.number}")
                assert "type='error'" in await alice.receive()
                continue
            used = await try_both_ways(gateway, alice, juliet, "all", row)
            assert used == (expected(row, "all"),) * 2, row
            assert await direct_streams(gateway) == {"inbound": True, "outbound": True}, row
            methods.update(used)
        assert methods == {"external", "tls-dialback"}


async def direct_streams(gateway: Gateway) -> dict[str, bool]:
    """Tell of each direction's stream with the host ``all`` whether its TLS was direct."""
    found = (await gateway.streams())["streams"]
    assert isinstance(found, list)
    return {stream["direction"]: stream["direct_tls"] for stream in found if stream["domain"] == host_of("all")}


async def test_one_stream_goes_both_ways_and_every_stanza_is_acknowledged(world: World) -> None:
    settings, modules = world.settings(HOME, 1), '"smacks"; "s2s_bidi";'
    romeo = f"romeo@{host_of('all')}"
    async with AsyncExitStack() as stack:
        directory = world.directory / "prosody"
        prosody = stack.enter_context(run_prosody_rows(directory, f"{world.net}2", world.pki, modules=modules))
        gateway = await stack.enter_async_context(world.gateway(settings, world.pki.issue([HOME]), host_of("all")))
        alice = await stack.enter_async_context(connect_component(HOME, SECRET, world.addresses[HOME]))
        juliet = await stack.enter_async_context(connect_component(host_of("all"), COMPONENT_SECRET, prosody.address))
        for number in range(20):
            await alice.message(ALICE, romeo, f"out-{number}")
            assert await juliet.receive_bodies(1) == [f"out-{number}"]
            await juliet.message(romeo, ALICE, f"in-{number}")
            assert await alice.receive_bodies(1) == [f"in-{number}"]
        assert (await gateway.status())["streams"] == {"inbound": 0, "outbound": 1}
        (pair,) = gateway.hub.pairs.values()
        await eventually(lambda: pair.unacknowledged == 0)
        assert b'queue_settled_total{outcome="acknowledged"} 20.0' in gateway.metrics.render()
