"""Issued from Pebble through the gateway's own http-01 listener, and renewed into it while it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.gatewayrunner import GatewayRunner
from tests.support.net import loopback_net
from tests.support.pebble import Pebble, is_open
from tests.support.processes import run, script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.peer("pebble")
HTTP_PORT = 5002  # where Pebble looks


@pytest.fixture
def pebble(tmp_path: Path) -> Iterator[Pebble]:
    with loopback_net() as net, Pebble(tmp_path / "pebble", net) as server:
        yield server


def edgecert(directory: Path, *words: str) -> Any:  # the result's JSON
    done = run((script("edgecert"), *words, "--state-dir", str(directory / "state"), "--json"))
    assert done.code == 0, done.stderr + done.stdout
    return done.document["result"]


def test_the_gateway_answers_and_takes_each_new_certificate_while_it_runs(pebble: Pebble, tmp_path: Path) -> None:
    address = pebble.edge
    tables = {"listen": {"s2s": [f"{address}:5269"], "http01": f"{address}:{HTTP_PORT}"}}
    with GatewayRunner(tmp_path / "gateway", address, ["contoso.com"], tables=tables) as gateway:
        flags = pebble.write_flags(
            tmp_path / "edge.toml",
            names=("contoso.com",),
            challenges='[[issuer.challenges]]\ntype = "http-01"\ngateway = true\n'
            f'[[deploy]]\nname = "gateway"\nkind = "gateway"\ncontrol = "{gateway.control}"\n',
        )
        applied = edgecert(tmp_path, "apply", "-c", str(flags))
        assert [target["verdict"] for target in applied["deployments"]] == ["same"]
        (renewed,) = edgecert(tmp_path, "renew", "edge", "--force")["lineages"]
        assert renewed["action"] == "renewed"
        status: Any = gateway.status()  # any JSON
        (served,) = status["certificates"]
        assert served["serial"] == renewed["certificate"]["serial"] != applied["certificates"][0]["serial"]
        assert gateway.client().post("/v1/http01/forget", {"tokens": []}) == {"known": 0}
    assert not is_open(address, HTTP_PORT)


def test_a_gateway_without_that_listener_fails_the_order_before_the_ca_looks(pebble: Pebble, tmp_path: Path) -> None:
    with GatewayRunner(tmp_path / "gateway", pebble.edge, ["contoso.com"]) as gateway:
        entry = f'[[issuer.challenges]]\ntype = "http-01"\ngateway = true\ncontrol = "{gateway.control}"\n'
        flags = pebble.write_flags(tmp_path / "edge.toml", challenges=entry)
        done = run((script("edgecert"), "issue", "-c", str(flags), "--state-dir", str(tmp_path / "state"), "--json"))
        assert done.document["error"]["code"] == "gateway-http01"
        assert "gateway.toml" in done.document["error"]["hint"]
