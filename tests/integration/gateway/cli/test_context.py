from __future__ import annotations

import argparse
import io
import os
from pathlib import Path

import pytest

from edgecert.shared.output import Output
from gateway.cli.context import CONFIG_VARIABLE, DEFAULT_CONFIG, GatewayContext
from tests.support.clock import FakeClock
from tests.support.gatewaycli import gateway_cli


def context(environ: dict[str, str] | None = None, **values: object) -> GatewayContext:
    output = Output(io.StringIO(), io.StringIO())
    return GatewayContext(argparse.Namespace(**values), output, environ or {}, FakeClock())


def test_configuration_is_the_flag_then_the_variable_then_the_default() -> None:
    environ = {CONFIG_VARIABLE: "/from/environ.toml"}
    assert context(environ, config="/from/flag.toml").config == Path("/from/flag.toml")
    assert context(environ, config=None).config == Path("/from/environ.toml")
    assert context(config=None).config == DEFAULT_CONFIG


def test_dry_run_is_false_for_verbs_without_it() -> None:
    assert context().dry_run is False
    assert context(dry_run=True).dry_run is True


@pytest.mark.skipif(os.geteuid() != 0, reason="changing the owner needs root")
@pytest.mark.parametrize(
    "arguments",
    [
        ("partner", "test", "fabrikam.example"),
        ("partner", "add", "fabrikam.example"),
        ("contacts", "add", "alice@contoso.example", "bob@fabrikam.example"),
    ],
)
def test_the_state_of_a_stopped_gateway_is_for_its_own_user(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    state = tmp_path / "state"
    state.mkdir()
    os.chown(state, 65534, 65534)
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_text("s3cret")
    sockets = "".join(f"{name} = '{tmp_path / name}'\n" for name in ("control", "status"))
    home = f"[[home]]\ndomain = 'contoso.example'\nsecret_file = '{secret}'\n"
    config = tmp_path / "gateway.toml"
    config.write_text(f"[gateway]\nstate_dir = '{state}'\n{sockets}{home}")
    result = gateway_cli(*arguments, "-c", str(config))
    assert (result.code, "[wrong-user]" in result.stderr) == (9, True)
    assert "sudo -u nobody edgecert-gateway" in result.stderr
    assert list(state.iterdir()) == []
