from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from edgecert.cli.main import VERBS, build_parser
from edgecert.shared.errors import ExitCode
from edgecert.shared.version import VERSION

if TYPE_CHECKING:
    from tests.unit.edgecert.cli.conftest import Cli


def test_version_alone_and_with_what_it_stands_on(cli: Cli) -> None:
    assert cli("--version").stdout == f"edgecert {VERSION}\n"
    ran = cli("--version", "-v")
    assert "cryptography 5" in ran.stdout or "cryptography 4" in ran.stdout
    assert "OpenSSL" in ran.stdout
    assert cli("--version", "--json").document["result"] == {"version": VERSION}


def test_help_lists_every_verb_under_a_heading(cli: Cli) -> None:
    ran = cli("--help")
    assert ran.code == ExitCode.OK
    for name, verb in VERBS.items():
        assert f"  {name:<11} {verb.help}\n" in ran.stdout
        assert f"{verb.group}:\n" in ran.stdout
    assert max(len(line) for line in ran.stdout.splitlines()) <= 80


def test_no_verb_is_a_usage_error_that_says_where_to_begin(cli: Cli) -> None:
    ran = cli()
    assert (ran.code, ran.stdout) == (ExitCode.USAGE, "")
    assert "edgecert plan -c FILE" in ran.stderr


def test_a_misspelt_verb_is_answered_with_the_nearest(cli: Cli) -> None:
    ran = cli("isue")
    assert ran.code == ExitCode.USAGE
    assert "there is no verb 'isue'; did you mean issue?" in ran.stderr


def test_a_misspelt_option_is_answered_with_the_nearest(cli: Cli) -> None:
    ran = cli("plan", "--sip-domain", "a.example")
    assert ran.code == ExitCode.USAGE
    assert "unknown argument --sip-domain; did you mean --sip-domains?" in ran.stderr


@pytest.mark.parametrize("argv", [("isue", "--json"), ("--json", "plan", "--nonsense"), ("plan", "--json", "--bits=x")])
def test_usage_errors_are_documents_too_when_json_was_asked_for(cli: Cli, argv: tuple[str, ...]) -> None:
    ran = cli(*argv)
    assert ran.code == ExitCode.USAGE
    assert ran.stderr == ""
    assert ran.document["ok"] is False
    assert ran.document["error"]["code"] == "usage"


def test_options_are_never_abbreviated(cli: Cli) -> None:
    assert cli("plan", "--explain-conf").code == ExitCode.USAGE


def test_options_that_every_verb_has_may_stand_before_it(cli: Cli) -> None:
    path = cli.write('[certificate]\nname = "edge"\n[topology]\nsip_domains = ["contoso.com"]\n')
    assert cli("--json", "-c", str(path), "plan").document["ok"] is True
    assert cli("--json", f"--flags-file={path}", "plan").document["ok"] is True
    ran = cli("--sip-domains", "a.example", "plan")
    assert ran.code == ExitCode.USAGE
    assert "has to stand after the verb" in ran.stderr


@pytest.mark.parametrize("name", VERBS)
def test_each_verb_is_there_and_takes_the_common_options(name: str) -> None:
    assert find_spec(f"edgecert.cli.{VERBS[name].module}")
    text = build_parser(name).format_help()
    for option in ("--json", "--state-dir", "--flags-file", "--lock-timeout", "--yes", "--quiet", "--verbose"):
        assert option in text


def test_help_of_a_verb_is_a_result(cli: Cli) -> None:
    ran = cli("plan", "--help")
    assert (ran.code, ran.stderr) == (ExitCode.OK, "")
    assert ran.stdout.startswith("usage: edgecert plan")


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    run = subprocess.run(
        [sys.executable, "-m", "edgecert.cli.main", "--help"], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (run.returncode, run.stderr) == (ExitCode.FAILED, b"")
