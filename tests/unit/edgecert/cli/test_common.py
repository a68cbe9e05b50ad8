from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from edgecert.cli.common import (
    add_common,
    add_dry_run,
    add_request_options,
    given_flags,
    host_settings,
    nearest_name,
    require_flags_file,
    resolve_request,
)
from edgecert.cli.context import CliContext
from edgecert.shared.commandline import Done
from edgecert.shared.errors import UsageError
from edgecert.shared.output import Output
from edgecert.shared.parser import Parser
from tests.support.clock import FakeClock

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


def parse(*argv: str) -> argparse.Namespace:
    parser = Parser(prog="edgecert x")
    add_common(parser)
    add_dry_run(parser)
    add_request_options(parser)
    return parser.parse_args(argv)


def context(tmp_path: Path, *argv: str, **environ: str) -> tuple[CliContext, io.StringIO]:
    stdout = io.StringIO()
    args = parse(*argv)
    environ = {"EDGECERT_HOST_FILE": str(tmp_path / "host.toml"), **environ}
    return CliContext(args, Output(stdout, io.StringIO(), json=args.json), environ, FakeClock()), stdout


def test_flags_are_known_by_their_keys_whichever_name_was_used() -> None:
    argv = ["--name", "e", "--issuer-kind", "csr", "--no-exportable", "--bit-length", "384", "--state-dir", "/s"]
    assert given_flags(parse(*argv)) == {
        "certificate.name": "e",
        "issuer.kind": "csr",
        "certificate.exportable": False,
        "certificate.bit_length": 384,
        "state_dir": "/s",
    }


def test_what_was_not_given_is_no_flag() -> None:
    assert given_flags(parse()) == {}


def test_lists_repeat_and_a_table_in_a_list_is_written_as_pairs() -> None:
    args = parse("--sip-domains", "a.example", "--sip-domains", "b.example", "--deploy", "kind=gateway,name=g")
    assert given_flags(args) == {
        "topology.sip_domains": ["a.example", "b.example"],
        "deploy": [{"kind": "gateway", "name": "g"}],
    }
    with pytest.raises(UsageError, match="KEY=VALUE"):
        parse("--deploy", "gateway")


@pytest.mark.parametrize(("text", "seconds"), [("3", 3.0), ("2.5", 2.5), ("1m", 60.0)])
def test_the_lock_time_out_is_seconds_or_a_duration(text: str, seconds: float) -> None:
    assert parse("--lock-timeout", text).lock_timeout == seconds


def test_a_lock_time_out_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="no duration"):
        parse("--lock-timeout", "soon")


def test_the_request_is_resolved_from_all_sources(tmp_path: Path) -> None:
    (tmp_path / "host.toml").write_text('[subject]\ncountry = "IT"\n', encoding="utf-8")
    (tmp_path / "e.toml").write_text('[certificate]\nname = "e"\n', encoding="utf-8")
    made, _ = context(tmp_path, "-c", str(tmp_path / "e.toml"), "--locality", "Roma", EDGECERT_SUBJECT_STATE="Lazio")
    subject = resolve_request(made).request.subject
    assert (subject.country, subject.state, subject.locality) == ("IT", "Lazio", "Roma")


def test_a_variable_without_a_key_is_a_warning(tmp_path: Path) -> None:
    made, stdout = context(tmp_path, "--name", "e", "--json", EDGECERT_ISSUER_KNID="csr")
    resolve_request(made)
    made.output.result({}, "")
    assert json.loads(stdout.getvalue())["warnings"] == [
        {
            "code": "unknown-environment",
            "message": "no key has this name; did you mean EDGECERT_ISSUER_KIND?",
            "path": "EDGECERT_ISSUER_KNID",
        }
    ]


def test_explaining_the_configuration_ends_the_run(tmp_path: Path) -> None:
    made, stdout = context(tmp_path, "--name", "e", "--explain-config")
    with pytest.raises(Done):
        resolve_request(made)
    assert 'certificate.name = "e"' in stdout.getvalue()
    assert "# flag --name" in stdout.getvalue()


def test_host_settings_need_no_request(tmp_path: Path) -> None:
    made, _ = context(tmp_path, "--kek-file", "/k", EDGECERT_STATE_DIR="/s")
    settings = host_settings(made)
    assert (settings.state_dir, settings.kek_file) == ("/s", "/k")


def test_a_flags_file_may_be_required(tmp_path: Path) -> None:
    made, _ = context(tmp_path)
    with pytest.raises(UsageError, match="no flags file"):
        require_flags_file(made)
    made, _ = context(tmp_path, "-c", "e.toml")
    assert require_flags_file(made).name == "e.toml"


def test_the_nearest_name_is_found() -> None:
    assert nearest_name("egde", ("edge", "other")) == "edge"
    assert nearest_name("zzz", ("edge",)) == ""
