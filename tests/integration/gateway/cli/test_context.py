from __future__ import annotations

import argparse
import io
from pathlib import Path

from edgecert.shared.output import Output
from gateway.cli.context import CONFIG_VARIABLE, DEFAULT_CONFIG, GatewayContext
from tests.support.clock import FakeClock


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
