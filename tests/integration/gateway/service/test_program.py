from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.control import SwapRequest, encode_swap
from tests.support.component import connect_component
from tests.support.dns import DNS_PORT, host_records, serve_dns
from tests.support.gatewayrunner import SECRET, GatewayRunner
from tests.support.net import loopback_net
from tests.support.pki import Pki

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOMAIN, PARTNER = "contoso.example", "fabrikam.example"


@pytest.fixture
def net() -> Iterator[str]:
    with loopback_net() as prefix:
        yield prefix


def test_hangup_reloads_the_directory_and_termination_ends_in_good_order(tmp_path: Path, net: str) -> None:
    pki = Pki.create(tmp_path / "pki")
    first, second = pki.issue([DOMAIN]), pki.issue([DOMAIN], key="rsa-2048")
    live = tmp_path / "live"
    first.write(live)
    tables = {"gateway": {"certificate_dir": str(live)}}
    with GatewayRunner(tmp_path / "gateway", f"{net}1", [DOMAIN], ca_file=pki.ca_file, tables=tables) as runner:

        def serial() -> str:
            certificates = runner.status()["certificates"]
            assert isinstance(certificates, list)
            return str(certificates[0]["serial"])

        assert serial() == f"{first.cert.serial_number:x}"
        second.write(live)
        runner.program.send(signal.SIGHUP)
        runner.program.wait_until(lambda: serial() == f"{second.cert.serial_number:x}", what="the new certificate")
        runner.program.send(signal.SIGTERM)
        assert runner.program.wait() == 0


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_federates_and_swaps_over_either_event_loop(tmp_path: Path, net: str, loop: str) -> None:
    pki = Pki.create(tmp_path / "pki")
    ports = {DOMAIN: 5269, PARTNER: 5270}  # towards the partner by direct TLS, back by STARTTLS
    listening = {"listen": {"s2s": [f"{net}2:5269"], "s2s_direct_tls": [f"{net}2:5270"]}}
    records = {**host_records(DOMAIN, f"{net}1"), **host_records(PARTNER, f"{net}2", direct_tls_port=ports[PARTNER])}
    del records[f"_xmpp-server._tcp.{PARTNER}"]
    common = {"gateway": {"event_loop": loop}}
    dns = [f"{net}53:{DNS_PORT}"]
    ours = GatewayRunner(tmp_path / "ours", f"{net}1", [DOMAIN], dns, pki.ca_file, common)
    theirs = GatewayRunner(tmp_path / "theirs", f"{net}2", [PARTNER], dns, pki.ca_file, {**common, **listening})
    with serve_dns(f"{net}53", records), ours, theirs:
        for runner, home, other in ((ours, DOMAIN, PARTNER), (theirs, PARTNER, DOMAIN)):
            runner.push(pki.issue([home]).bundle())
            assert runner.run("partner", "add", other, "--type", "federated").code == 0
            assert f"event_loop={loop}" in runner.program.output
        async with (
            connect_component(DOMAIN, SECRET, f"{net}1") as alice,
            connect_component(PARTNER, SECRET, f"{net}2") as bob,
        ):
            for number in range(3):
                await alice.message(f"alice@{DOMAIN}", f"bob@{PARTNER}", f"out {number}")
                assert await bob.receive_bodies(1) == [f"out {number}"]
                await bob.message(f"bob@{PARTNER}", f"alice@{DOMAIN}", f"back {number}")
                assert await alice.receive_bodies(1) == [f"back {number}"]
                renewed = pki.issue([DOMAIN]).bundle(generation=2 + number)
                swap = encode_swap(SwapRequest(renewed, close_old_streams="drain"))
                assert (await asyncio.to_thread(ours.client().post, "/v1/swap", swap))["swapped"] is True


async def test_all_is_loaded_before_it_says_that_it_is_ready(tmp_path: Path, net: str) -> None:
    pki = Pki.create(tmp_path / "pki")
    records = {**host_records(DOMAIN, f"{net}1"), **host_records(PARTNER, f"{net}2")}
    dns = [f"{net}53:{DNS_PORT}"]
    watched = {"PYTHONPROFILEIMPORTTIME": "1"}
    ours = GatewayRunner(tmp_path / "ours", f"{net}1", [DOMAIN], dns, pki.ca_file, environ=watched)
    theirs = GatewayRunner(tmp_path / "theirs", f"{net}2", [PARTNER], dns, pki.ca_file)
    with serve_dns(f"{net}53", records), ours, theirs:
        for runner, home, other in ((ours, DOMAIN, PARTNER), (theirs, PARTNER, DOMAIN)):
            runner.push(pki.issue([home]).bundle())
            assert runner.run("partner", "add", other, "--type", "federated").code == 0
        assert ours.run("partner", "test", PARTNER).code == 0
        async with (
            connect_component(DOMAIN, SECRET, f"{net}1") as alice,
            connect_component(PARTNER, SECRET, f"{net}2") as bob,
        ):
            await alice.message(f"alice@{DOMAIN}", f"bob@{PARTNER}", "x")
            assert await bob.receive_bodies(1) == ["x"]
            await bob.message(f"bob@{PARTNER}", f"alice@{DOMAIN}", "y")
            assert await alice.receive_bodies(1) == ["y"]
        before, _, after = ours.program.output.partition(" serving ")
        assert "import time:" in before
        assert [line for line in after.splitlines() if line.startswith("import time:")] == []
