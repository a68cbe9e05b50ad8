"""Contacts by the command line, of a gateway that runs, that was killed, and that does not run."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.component import connect_component
from tests.support.gatewayrunner import SECRET, GatewayRunner
from tests.support.net import loopback_net

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOME, PARTNER = "contoso.example", "fabrikam.example"
ALICE, BOB = f"alice@{HOME}", f"bob@{PARTNER}"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayRunner]:
    # No nameserver is there to be asked: each stanza that goes on comes back with an error.
    with (
        loopback_net() as net,
        GatewayRunner(tmp_path / "gateway", f"{net}1", [HOME], nameservers=[f"{net}9"]) as runner,
    ):
        yield runner


def subscribe(gateway: GatewayRunner, to: str) -> str:
    async def talk() -> str:
        async with connect_component(HOME, SECRET, gateway.address) as component:
            await component.send(f"<presence from='{ALICE}' to='{to}' type='subscribe' id='s'/>")
            return await component.receive()

    return asyncio.run(talk())


def test_a_contact_outlives_a_gateway_that_is_killed(gateway: GatewayRunner) -> None:
    assert gateway.run("partner", "add", PARTNER).code == 0
    assert gateway.run("contacts", "list").stdout == "no contacts\n"
    # The answer comes when the stanza went on, and it goes on when the contact is on disk.
    assert "type='error'" in subscribe(gateway, BOB)
    gateway.program.send(signal.SIGKILL)
    gateway.program.wait()
    stored = gateway.run("contacts", "list", "--json")
    assert stored.code == 0, stored.stderr
    gateway.start()
    listed = gateway.run("contacts", "list", "--json").document["result"]
    assert listed == stored.document["result"]
    assert listed["contacts"] == [
        {"home": ALICE, "partner": BOB, "listed": True, "asked": True, "to": False, "granted": False, "pinned": False}
    ]


def test_a_home_that_is_none_is_named(gateway: GatewayRunner) -> None:
    for running in (True, False):
        listed = gateway.run("contacts", "list", "--home", "alice@nope.example")
        assert (listed.code, "[no-such-home]" in listed.stderr, HOME in listed.stderr) == (1, True, True)
        if running:
            gateway.stop()


def test_an_administrator_adds_and_removes_live(gateway: GatewayRunner) -> None:
    gateway.run("partner", "add", PARTNER)
    tried = gateway.run("contacts", "add", ALICE, BOB, "--dry-run")
    assert tried.stdout.splitlines() == [
        f"+ {ALICE} {BOB}",
        "    pinned: no → yes",
        "nothing was changed (dry run)",
    ]
    added = gateway.run("contacts", "add", ALICE, BOB, "--json").document["result"]
    assert (added["changed"], added["live"], added["after"]["pinned"]) == (True, True, True)
    assert gateway.run("contacts", "add", ALICE, BOB).stdout == "nothing to change\n"
    shown = gateway.run("contacts", "list", "--partner", PARTNER).stdout.splitlines()
    assert shown[0].split() == ["HOME", "PARTNER", "LISTED", "ASKED", "TO", "GRANTED", "PINNED"]
    assert shown[1].split() == [ALICE, BOB, "no", "no", "no", "no", "yes"]
    assert gateway.run("contacts", "list", "--home", "eve@contoso.example").stdout == "no contacts\n"
    removed = gateway.run("contacts", "remove", ALICE, BOB)
    assert removed.stdout.splitlines()[-1] == "live now"
    again = gateway.run("contacts", "remove", ALICE, BOB, "--json")
    assert (again.code, again.document["error"]["code"]) == (1, "no-such-contact")
    wrong = gateway.run("contacts", "add", BOB, ALICE, "--json")
    assert (wrong.code, wrong.document["error"]["code"]) == (1, "contact-home")
    assert gateway.stop() == 0
    assert gateway.run("contacts", "add", ALICE, BOB).stdout.splitlines()[-1] == "saved; no gateway is running"


def test_a_contact_that_has_no_effect_is_told(gateway: GatewayRunner) -> None:
    stranger = gateway.run("contacts", "add", ALICE, BOB)
    assert "not a configured partner [contact-warning]" in stranger.stderr
    gateway.run("partner", "add", PARTNER, "--type", "federated")
    assert "is federated" in gateway.run("contacts", "add", ALICE, BOB).stderr
