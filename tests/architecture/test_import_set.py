"""What is loaded at run time: import-linter cannot see an eager import of a module that is allowed."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

HEAVY: Final = frozenset(
    {
        "acme",
        "aiohttp",
        "alembic",
        "asyncio",
        "cryptography",
        "dns",
        "josepy",
        "OpenSSL",
        "prometheus_client",
        "publicsuffixlist",
        "pydantic",
        "slixmpp",
        "sqlalchemy",
        "ssl",
        "textual",
    }
)
SCRIPTS: Final[dict[str, str]] = tomllib.loads(
    (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
)["project"]["scripts"]
# Runs a program's own main as its console script would, then tells on stderr what was loaded.
LOADED: Final = """
import importlib, json, sys
script, *sys.argv = sys.argv[1:]
module, _, function = script.partition(":")
try:
    sys.exit(getattr(importlib.import_module(module), function)())
finally:
    sys.stderr.write("\\n" + json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def loaded_by(program: str, *argv: str) -> frozenset[str]:
    run = subprocess.run(
        [sys.executable, "-c", LOADED, SCRIPTS[program], program, *argv],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout
    return frozenset(json.loads(run.stderr.rsplit("\n", 1)[1]))


@pytest.mark.parametrize(
    "argv", [("--version",), ("--help",), ("issue", "--help"), ("completion", "bash")], ids=" ".join
)
def test_edgecert_starts_without_anything_heavy(argv: tuple[str, ...]) -> None:
    assert sorted(loaded_by("edgecert", *argv) & HEAVY) == []


@pytest.mark.parametrize("argv", [("--version",), ("--help",)], ids=" ".join)
def test_gateway_starts_without_anything_heavy(argv: tuple[str, ...]) -> None:
    assert sorted(loaded_by("edgecert-gateway", *argv) & HEAVY) == []


@pytest.mark.parametrize(
    "argv", [("config", "schema"), ("plan", "--help"), ("renew", "--help"), ("wizard", "--help")], ids=" ".join
)
def test_headless_verbs_never_load_a_terminal_library(argv: tuple[str, ...]) -> None:
    assert "textual" not in loaded_by("edgecert", *argv)


@pytest.mark.parametrize("argv", [("panel", "--help"), ("status", "--help"), ("partner", "--help")], ids=" ".join)
def test_the_gateways_verbs_never_load_a_terminal_library(argv: tuple[str, ...]) -> None:
    assert "textual" not in loaded_by("edgecert-gateway", *argv)


def test_what_the_panel_knows_never_loads_a_terminal_library() -> None:
    names = "desk, load, partnerform, session, table, views"
    code = f"from gateway.panel import {names}; import sys; print('textual' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=60)
    assert run.stdout.strip() == "False"


def test_the_session_and_the_line_prompts_never_load_a_terminal_library() -> None:
    code = "import edgecert.wizard.plain, edgecert.wizard.session, sys; print('textual' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=60)
    assert run.stdout.strip() == "False"
