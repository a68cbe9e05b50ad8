"""Messages for a partner that is down, and a gateway that is killed meanwhile: the real program."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from tests.support.component import connect_component
from tests.support.dns import DNS_PORT, host_records, serve_dns
from tests.support.gatewayrunner import SECRET, GatewayRunner
from tests.support.net import loopback_net
from tests.support.pki import Pki
from tests.support.processes import wait_until

if TYPE_CHECKING:
    from pathlib import Path

HOME: Final = "contoso.example"
PARTNER: Final = "fabrikam.example"
ALICE, BOB = f"alice@{HOME}", f"bob@{PARTNER}"
COUNT: Final = 20


def waiting(gateway: GatewayRunner) -> dict[str, object]:
    """Give what ``queue list`` tells of the partner."""
    queues = gateway.run("queue", "list", "--json").document["result"]["queues"]
    return queues[0] if queues else {}


async def test_what_lies_on_disk_outlives_a_kill_and_arrives_once_in_order(tmp_path: Path) -> None:
    pki = Pki.create(tmp_path / "pki")
    with loopback_net() as net:
        nameserver = f"{net}53:{DNS_PORT}"
        records = {**host_records(HOME, f"{net}1"), **host_records(PARTNER, f"{net}2")}
        ours = GatewayRunner(tmp_path / "ours", f"{net}1", [HOME], [nameserver], pki.ca_file)
        theirs = GatewayRunner(tmp_path / "theirs", f"{net}2", [PARTNER], [nameserver], pki.ca_file)
        with serve_dns(f"{net}53", records), ours:
            ours.push(pki.issue([HOME]).bundle())
            assert ours.run("partner", "add", PARTNER, "--type", "federated").code == 0
            async with connect_component(HOME, SECRET, f"{net}1") as alice:
                for number in range(COUNT):
                    await alice.message(ALICE, BOB, f"m{number}")
                await asyncio.to_thread(
                    wait_until, lambda: waiting(ours).get("on_disk") == COUNT, what="all lie on disk", timeout=30.0
                )
                ours.program.kill()
            with theirs:
                theirs.push(pki.issue([PARTNER]).bundle())
                assert theirs.run("partner", "add", HOME, "--type", "federated").code == 0
                async with connect_component(PARTNER, SECRET, f"{net}2") as bob:
                    ours.start()
                    assert await bob.receive_bodies(COUNT) == [f"m{number}" for number in range(COUNT)]
                    await asyncio.to_thread(wait_until, lambda: not waiting(ours), what="nothing waits", timeout=20.0)
                    test = await asyncio.to_thread(ours.run, "partner", "test", PARTNER)
                    assert test.code == 0
                    assert f"{PARTNER} can be reached" in test.stdout
                    assert "ping            ok" in test.stdout
