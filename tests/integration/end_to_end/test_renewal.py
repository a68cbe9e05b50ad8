"""Renewed when the CA wants it, into a gateway that serves meanwhile; by whole processes and a strict server."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.acmeca import Window
from tests.support.acmehost import AcmeHost, acme_host
from tests.support.gatewayrunner import GatewayRunner
from tests.support.pki import now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def host(tmp_path: Path) -> Iterator[AcmeHost]:
    with acme_host(tmp_path / "host") as running:
        yield running


def renew(host: AcmeHost, *words: str, code: int = 0) -> Any:  # the result's JSON
    done = host.edgecert("renew", *words)
    assert done.code == code, done.stderr + done.stdout
    return done.document["result"]["lineages"][0] if done.document["ok"] else done.document["error"]


def test_a_window_in_the_past_is_renewed_at_once_into_a_running_gateway(host: AcmeHost, tmp_path: Path) -> None:
    with GatewayRunner(tmp_path / "gateway", f"{host.net}3", ["contoso.com"]) as gateway:
        target = f'[[deploy]]\nname = "gateway"\nkind = "gateway"\ncontrol = "{gateway.control}"\n'
        host.write_flags("contoso.com", challenges=host.http_01() + target)
        assert host.edgecert("apply").code == 0
        assert renew(host)["action"] == "not-due"
        end = now() - timedelta(days=1)
        host.server.ca.every_window = Window(end - timedelta(days=1), end, "https://ca.example.net/incident")
        host.forget_when_to_ask()
        renewed = renew(host)
        assert (renewed["action"], renewed["explanation_url"]) == ("renewed", "https://ca.example.net/incident")
        host.server.ca.every_window = None
        status: Any = gateway.status()  # any JSON
        assert [entry["serial"] for entry in status["certificates"]] == [renewed["certificate"]["serial"]]
        orders = [order for path, order in host.server.objects.items() if path.startswith("order/")]
        assert [bool(order.get("replaces")) for order in orders] == [False, True]


def test_a_limit_that_counts_every_other_order_lets_a_replacement_through(host: AcmeHost) -> None:
    host.server.duplicate_limit = 1
    host.write_flags()
    host.issue()
    assert renew(host, "edge", "--force")["action"] == "renewed"


def test_what_the_ca_refuses_is_not_asked_again_at_once_and_list_and_check_say_so(host: AcmeHost) -> None:
    host.write_flags()
    host.issue()
    host.server.ca.every_window = Window(now() - timedelta(days=2), now() - timedelta(days=1))
    host.forget_when_to_ask()
    host.server.dead = frozenset({"sip.contoso.com"})
    assert renew(host, code=6)["code"] == "acme-challenge-failed"
    orders = host.server.count("/newOrder")
    assert "tried 1 times; again at" in renew(host, code=6)["message"]
    assert host.server.count("/newOrder") == orders
    (listed,) = host.edgecert("list").document["result"]["certificates"]
    assert (listed["renewal"]["failures"], listed["renewal"]["error"]["code"]) == (1, "acme-challenge-failed")
    checked = host.edgecert("check")
    validity = next(entry for entry in checked.document["result"]["checks"] if entry["check"] == "validity")
    assert "it failed 1 times" in validity["message"]
    host.server.dead = frozenset()
    assert renew(host, "edge", "--force")["action"] == "renewed"
    (listed,) = host.edgecert("list").document["result"]["certificates"]
    assert (listed["renewal"]["failures"], listed["renewal"]["error"]) == (0, None)


def test_what_was_picked_stays_between_runs(host: AcmeHost) -> None:
    host.write_flags()
    host.issue()
    host.server.ca.every_window = Window(now() + timedelta(days=10), now() + timedelta(days=20))
    first = renew(host)["due_at"]
    host.forget_when_to_ask()
    assert renew(host)["due_at"] == first
    state = json.loads((host.state / "certificates" / "edge" / "renewal.json").read_bytes())
    assert state["window"]["picked"] == first
