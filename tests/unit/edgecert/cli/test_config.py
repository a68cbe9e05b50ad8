from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.shared.errors import ExitCode

if TYPE_CHECKING:
    from tests.unit.edgecert.cli.conftest import Cli


def test_a_right_file_is_said_to_be_right(cli: Cli) -> None:
    path = cli.write('[certificate]\nname = "edge"\n')
    ran = cli("config", "check", str(path))
    assert (ran.code, ran.stdout) == (ExitCode.OK, f"{path}: right\n")
    assert cli("config", "check", "-c", str(path)).code == ExitCode.OK


def test_everything_wrong_in_all_files_is_told_at_once(cli: Cli) -> None:
    path = cli.write('[certificate]\nnaem = "edge"\n')
    other = cli.directory / "other.toml"
    other.write_text("broken", encoding="utf-8")
    ran = cli("config", "check", str(path), str(other))
    assert ran.code == ExitCode.USAGE
    lines = ran.stderr.splitlines()
    assert lines[0] == f"{path}:1: certificate.name: is required"
    assert lines[1] == f"{path}:2: certificate.naem: unknown key (did you mean name?)"
    assert lines[2].startswith(f"{other}:1: not valid TOML") or lines[2].startswith(f"{other}: not valid TOML")
    assert len(cli("config", "check", "--json", str(path)).document["error"]["problems"]) == 2


def test_a_host_file_is_checked_as_one(cli: Cli) -> None:
    path = cli.write('state_dir = "/srv/edgecert"\n')
    assert cli("config", "check", "--host-file", str(path)).code == ExitCode.OK
    assert cli("config", "check", str(path)).code == ExitCode.USAGE


def test_the_schema_is_json_either_way(cli: Cli) -> None:
    schema = cli("config", "schema").document
    assert schema["properties"]["deploy"]["items"]["properties"]["kind"]["enum"] == ["gateway", "files"]
    assert cli("config", "schema", "--json").document["result"] == schema


def test_a_file_is_needed_to_check_and_none_for_the_schema(cli: Cli) -> None:
    assert cli("config", "check").code == ExitCode.USAGE
    assert cli("config", "schema", "x.toml").code == ExitCode.USAGE
