"""Certificates swapped while messages flow between the gateway and Prosody: none is lost, whatever streams become."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

import pytest

from edgecert.shared.control import SwapRequest
from tests.integration.gateway.conftest import SECRET, World
from tests.support.component import connect_component
from tests.support.dns import host_records, serve_dns
from tests.support.net import loopback_net
from tests.support.peers.prosody import COMPONENT_SECRET, PACKAGES, install
from tests.support.peers.prosodyrows import host_of, run_prosody_rows
from tests.support.pki import Pki
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edgecert.shared.control import CloseOldStreams

pytestmark = pytest.mark.peer(*PACKAGES)

HOME: Final = "contoso.example"
PARTNER: Final = host_of("all")
ALICE, JULIET = f"alice@{HOME}", f"juliet@{PARTNER}"
COUNT: Final = 300
SWAPS: Final = 10


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    if os.geteuid() != 0:
        pytest.skip("Prosody's resolver asks port 53, which only root may bind")
    with loopback_net() as net, serve_dns(f"{net}53", host_records(PARTNER, f"{net}2"), port=53) as zone:
        yield World(tmp_path, net, Pki.create(tmp_path / "pki"), zone, dns_port=53)


@pytest.mark.parametrize("modules", ["", '"smacks";', '"smacks"; "s2s_bidi";'], ids=["plain", "acks", "both-ways"])
@pytest.mark.parametrize("close_old_streams", ["keep", "drain", "now"])
async def test_nothing_is_lost_while_both_ends_swap(
    world: World, close_old_streams: CloseOldStreams, modules: str
) -> None:
    settings = world.settings(HOME, 1)
    async with AsyncExitStack() as stack:
        directory = world.directory / "prosody"
        prosody = stack.enter_context(run_prosody_rows(directory, f"{world.net}2", world.pki, modules=modules))
        gateway = await stack.enter_async_context(world.gateway(settings, world.pki.issue([HOME]), PARTNER))
        alice = await stack.enter_async_context(connect_component(HOME, SECRET, world.addresses[HOME]))
        juliet = await stack.enter_async_context(connect_component(PARTNER, COMPONENT_SECRET, prosody.address))
        wanted = [f"m{number}" for number in range(COUNT)]
        async with asyncio.TaskGroup() as group:
            to_juliet = group.create_task(juliet.receive_bodies(COUNT))
            to_alice = group.create_task(alice.receive_bodies(COUNT))
            for number, word in enumerate(wanted):
                await alice.message(ALICE, JULIET, word)
                await juliet.message(JULIET, ALICE, word)
                if number % (COUNT // SWAPS) == 0:
                    install(directory / "certs", PARTNER, world.pki.issue([PARTNER]))
                    prosody.reload()
                    bundle = world.pki.issue([HOME]).bundle(generation=2 + number)
                    await gateway.swap(SwapRequest(bundle, close_old_streams=close_old_streams))
        assert to_juliet.result() == wanted
        # Once authenticated Prosody sends what is new before what had to wait: its order is its own.
        assert sorted(to_alice.result()) == sorted(wanted)
        if close_old_streams != "keep":
            newest = gateway.certificates.slot.current.generations["edge"]
            await eventually(lambda: {stream.generation[1] for stream in gateway.hub.outbound} == {newest})
