from __future__ import annotations

import json

import pytest

from edgecert.shared.version import VERSION
from gateway.cli.main import VERBS, build_parser
from tests.support.gatewaycli import gateway_cli


def test_version_and_help_go_to_stdout() -> None:
    assert gateway_cli("--version").stdout == f"edgecert-gateway {VERSION}\n"
    overview = gateway_cli("--help")
    assert overview.code == 0
    assert all(f"  {name} " in overview.stdout for name in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help(verb: str) -> None:
    result = gateway_cli(verb, "--help")
    assert result.code == 0
    assert "--json" in result.stdout or "ACTION" in result.stdout
    assert build_parser(verb).description


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "no verb"),
        (("sttus",), "did you mean status?"),
        (("--dry-run", "status"), "after the verb"),
        (("status", "--jsn"), "did you mean --json?"),
        (("swap",), "LINEAGE"),
        (("partner", "lst"), "did you mean list?"),
    ],
)
def test_usage_errors_are_2_and_say_what_was_meant(arguments: tuple[str, ...], words: str) -> None:
    result = gateway_cli(*arguments)
    assert result.code == 2
    assert words in result.stderr
    assert result.stdout == ""


def test_with_json_an_error_is_a_document_on_stdout() -> None:
    result = gateway_cli("--json", "status", "--socket", "/does/not/exist.sock")
    assert result.code == 1
    assert result.document["schema"] == "edgecert/1"
    assert result.document["ok"] is False
    assert result.document["error"]["code"] == "not-running"
    assert json.loads(result.stdout)["warnings"] == []


def test_a_configuration_that_is_not_there_is_a_usage_error() -> None:
    result = gateway_cli("status", "--config", "/does/not/exist.toml")
    assert result.code == 2
    assert "/does/not/exist.toml" in result.stderr
