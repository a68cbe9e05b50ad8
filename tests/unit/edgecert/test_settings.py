from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgecert.model.request import CertificateRequest
from edgecert.settings import (
    Origin,
    ResolvedRequest,
    change_request,
    check_flags_file,
    check_host_file,
    explain,
    explain_json,
    resolve,
    resolve_host,
)
from edgecert.shared.errors import ConfigError

if TYPE_CHECKING:
    from edgecert.shared.jsonvalue import JsonValue

MINIMAL = 'version = 1\n[certificate]\nname = "edge"\n'


class Files:
    """A flags file and a host file in one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.flags_file = directory / "edge.toml"
        self.host_file = directory / "host.toml"
        self.flags_file.write_text(MINIMAL, encoding="utf-8")

    def resolve(
        self, flags: dict[str, JsonValue] | None = None, environ: dict[str, str] | None = None, *, alone: bool = False
    ) -> ResolvedRequest:
        return resolve(
            flags=flags or {},
            environ=environ or {},
            flags_file=None if alone else self.flags_file,
            host_file=self.host_file,
        )

    def problems(self, flags: dict[str, JsonValue] | None = None, environ: dict[str, str] | None = None) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            self.resolve(flags, environ)
        return [str(problem).removeprefix(f"{self.directory}/") for problem in caught.value.problems]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_each_source_is_stronger_than_the_one_before(files: Files) -> None:
    key, variable = "certificate.friendly_name", "EDGECERT_CERTIFICATE_FRIENDLY_NAME"
    assert files.resolve().origins[key] == Origin("default")
    files.host_file.write_text('[certificate]\nfriendly_name = "host"\n', encoding="utf-8")
    assert files.resolve().origins[key] == Origin("host-file", f"{files.host_file}:2")
    files.flags_file.write_text(f'{MINIMAL}friendly_name = "file"\n', encoding="utf-8")
    assert files.resolve().origins[key] == Origin("flags-file", f"{files.flags_file}:4")
    environ = {variable: "environment"}
    assert files.resolve(environ=environ).origins[key] == Origin("environment", variable)
    resolved = files.resolve({key: "flag"}, environ)
    assert resolved.origins[key] == Origin("flag", "--friendly-name")
    assert resolved.request.certificate.friendly_name == "flag"


def test_an_empty_variable_counts_as_not_set(files: Files) -> None:
    assert files.resolve(environ={"EDGECERT_ISSUER_VALIDITY": ""}).request.issuer.validity == "90d"


def test_a_flags_file_is_not_needed_when_flags_say_enough(files: Files) -> None:
    resolved = files.resolve({"certificate.name": "edge", "topology.sip_domains": ["a.example"]}, alone=True)
    assert resolved.request.topology.sip_domains == ("a.example",)
    assert (resolved.flags_file, resolved.digest, resolved.base) == (None, "", Path.cwd())


def test_what_is_missing_altogether_is_missing_from_the_command_line_with_a_hint(files: Files) -> None:
    with pytest.raises(ConfigError) as caught:
        files.resolve(alone=True)
    assert str(caught.value) == "command line: certificate.name: is required"
    assert "-c FILE" in caught.value.hint


def test_problems_of_all_sources_are_reported_at_once_with_their_places(files: Files) -> None:
    files.flags_file.write_text(f"{MINIMAL}bit_lenght = 1\n[[deploy]]\nname = 'x'\nkind = 'files'\n", encoding="utf-8")
    files.host_file.write_text("keep_generations = 0\n[issuer]\nvalidity = 'long'\n", encoding="utf-8")
    found = files.problems({"certificate.exportable": "x"}, {"EDGECERT_CERTIFICATE_REUSE_KEY": "perhaps"})
    assert [problem.split(": ")[:2] for problem in found] == [
        ["host.toml:1", "keep_generations"],
        ["host.toml:3", "issuer.validity"],
        ["edge.toml:4", "certificate.bit_lenght"],
        ["edge.toml:5", "deploy[0].directory"],
        ["EDGECERT_CERTIFICATE_REUSE_KEY", "certificate.reuse_key"],
        ["--exportable", "certificate.exportable"],
    ]


def test_host_keys_do_not_belong_into_a_flags_file(files: Files) -> None:
    files.flags_file.write_text(f'state_dir = "/x"\n{MINIMAL}', encoding="utf-8")
    assert files.problems() == ["edge.toml:1: state_dir: unknown key"]


def test_a_csr_is_written_beside_the_flags_file_unless_told_otherwise(files: Files) -> None:
    files.flags_file.write_text(f'{MINIMAL}[issuer]\nkind = "csr"\n', encoding="utf-8")
    assert files.resolve().request.issuer.request_file == str(files.directory / "edge.csr")
    given = files.resolve({"issuer.request_file": "own.csr"}).request.issuer.request_file
    assert given == str(Path.cwd() / "own.csr")


def test_paths_of_a_file_count_from_its_directory(files: Files) -> None:
    files.flags_file.write_text(
        f'{MINIMAL}[[deploy]]\nname = "x"\nkind = "files"\ndirectory = "out"\n', encoding="utf-8"
    )
    assert files.resolve().request.deploy[0].directory == str(files.directory / "out")


def test_the_digest_is_that_of_the_flags_file(files: Files) -> None:
    assert files.resolve().digest == hashlib.sha256(MINIMAL.encode()).hexdigest()


def test_acme_is_known_to_the_schema(files: Files) -> None:
    assert files.resolve({"issuer.kind": "acme"}).request.issuer.kind == "acme"


def test_variables_that_name_no_key_are_told_with_the_nearest(files: Files) -> None:
    environ = {
        "EDGECERT_CERTIFICATE_NMAE": "x",
        "EDGECERT_TEST_CRASH_AT": "a:1",
        "EDGECERT_GATEWAY_CONFIG": "/g",
        "EDGECERT_STATE_DIR": "/s",
        "PATH": "/",
    }
    resolved = files.resolve(environ=environ)
    assert resolved.unknown_environment == (("EDGECERT_CERTIFICATE_NMAE", "EDGECERT_CERTIFICATE_NAME"),)
    assert resolved.state_dir == Path("/s")


def test_host_settings_follow_the_same_precedence(files: Files) -> None:
    def state_dir(flags: dict[str, JsonValue], environ: dict[str, str]) -> str:
        return resolve_host(flags=flags, environ=environ, host_file=files.host_file).state_dir

    assert state_dir({}, {}) == "/var/lib/edgecert"
    files.host_file.write_text('state_dir = "state"\n[issuer]\nkind = "csr"\n', encoding="utf-8")
    assert state_dir({}, {}) == str(files.directory / "state")
    assert state_dir({}, {"EDGECERT_STATE_DIR": "/e"}) == "/e"
    assert state_dir({"state_dir": "/f"}, {"EDGECERT_STATE_DIR": "/e"}) == "/f"


def test_explaining_shows_every_value_with_its_origin(files: Files) -> None:
    resolved = files.resolve({"deploy": [{"name": "g"}]}, {"EDGECERT_ISSUER_VALIDITY": "10d"})
    lines = {line.split(" = ")[0]: line for line in explain(resolved).splitlines()}
    assert lines["certificate.name"].endswith(f"# flags file {files.flags_file}:3")
    assert lines["issuer.validity"].endswith("# environment EDGECERT_ISSUER_VALIDITY")
    assert lines["deploy"].split("  # ")[0].strip() == 'deploy = [{ name = "g" }]'
    values = explain_json(resolved)["values"]
    assert isinstance(values, dict)
    assert values["issuer.validity"] == {"value": "10d", "origin": "environment", "where": "EDGECERT_ISSUER_VALIDITY"}
    assert set(values) == set(lines)


def test_saved_settings_are_changed_by_text(files: Files) -> None:
    request = files.resolve().request
    changed = change_request(request, {"renewal.renew_before": "20d", "topology.sip_domains": "a.example,b.example"})
    assert changed.renewal.renew_before == "20d"
    assert changed.topology.sip_domains == ("a.example", "b.example")
    assert change_request(request, {}) == request


def test_changes_that_do_not_fit_are_refused_together(files: Files) -> None:
    with pytest.raises(ConfigError) as caught:
        change_request(files.resolve().request, {"renewal.renew_befor": "1d", "certificate.bit_length": "256"})
    assert len(caught.value.problems) == 2


def test_checking_a_flags_file_reports_without_raising(files: Files) -> None:
    assert check_flags_file(files.flags_file) == ()
    files.flags_file.write_text('[certificate]\nname = "e"\nbit_length = 256\n', encoding="utf-8")
    assert [problem.line for problem in check_flags_file(files.flags_file)] == [3]
    assert "cannot be read" in str(check_flags_file(files.directory / "absent")[0])


def test_checking_a_host_file_does_not_ask_for_a_whole_request(files: Files) -> None:
    files.host_file.write_text('state_dir = "/s"\n[subject]\ncountry = "IT"\n', encoding="utf-8")
    assert check_host_file(files.host_file) == ()
    files.host_file.write_text('state_dri = "/s"\nkeep_generations = "x"\n', encoding="utf-8")
    assert [problem.line for problem in check_host_file(files.host_file)] == [2, 1]


def test_the_defaults_are_the_schemas(files: Files) -> None:
    assert files.resolve().request.topology == CertificateRequest().topology
