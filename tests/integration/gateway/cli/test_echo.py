from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.gatewaycli import gateway_cli
from tests.support.gatewayrunner import GatewayRunner
from tests.support.net import loopback_net
from tests.support.processes import Program, script

if TYPE_CHECKING:
    from pathlib import Path


def test_needs_domain_and_secret() -> None:
    result = gateway_cli("echo")
    assert result.code == 2
    assert "--jid" in result.stderr


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o644)
    result = gateway_cli("echo", "--jid", "contoso.example", "--secret-file", str(secret))
    assert result.code == 9
    assert str(secret) in result.stderr


def test_is_the_home_system_of_a_gateway(tmp_path: Path) -> None:
    with loopback_net() as net, GatewayRunner(tmp_path / "gateway", f"{net}1", ["contoso.example"]) as gateway:
        host, port = gateway.component
        place = ["--host", host, "--port", str(port), "--secret-file", str(gateway.secret_file)]
        argv = [script("edgecert-gateway"), "echo", "--jid", "contoso.example", *place]
        with Program(argv, tmp_path / "echo.log") as echo:
            connected = [{"domain": "contoso.example", "connected": True}]
            echo.wait_until(lambda: gateway.status()["homes"] == connected, what="the home is connected")
            assert echo.stop() == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--rate", "0"),
        ("--rate", "-1"),
        ("--rate", "nan"),
        ("--count", "-1"),
        ("--port", "99999"),
        ("--port", "0"),
        ("--send-to", "@@"),
        ("--jid", "two words"),
    ],
)
def test_wrong_input_is_refused_before_anything_is_dialled(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    given = {"--jid": "contoso.example", "--secret-file": str(tmp_path / "secret"), arguments[0]: arguments[1]}
    result = gateway_cli("echo", *(word for pair in given.items() for word in pair))
    assert (result.code, "[usage]" in result.stderr) == (2, True)
