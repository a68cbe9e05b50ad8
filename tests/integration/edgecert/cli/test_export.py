"""``export``: what opens with other people's tools, and what is refused."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.cli import Host


def opened(file: Path, password: Path, *arguments: str) -> str:
    command = ["openssl", "pkcs12", "-in", str(file), "-passin", f"file:{password}", "-nodes", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # the peer


@pytest.mark.parametrize("legacy", [False, True])
def test_a_pkcs12_opens_with_openssl_and_has_its_friendly_name(host: Host, legacy: bool) -> None:
    host.apply()
    file, password = host.directory / "edge.pfx", host.directory / "edge.password"
    extra = ("--legacy",) if legacy else ()
    ran = host.run("export", "--pkcs12", str(file), "--password-out", str(password), *extra)
    assert ran.code == 0
    assert "password" not in ran.result
    assert password.stat().st_mode & 0o777 == 0o600
    text = opened(file, password, *(("-legacy",) if legacy else ()))
    assert "friendlyName: Contoso edge" in text
    assert text.count("BEGIN CERTIFICATE") == 2
    assert "BEGIN PRIVATE KEY" in text


def test_a_generated_password_is_not_in_the_json_by_default(host: Host) -> None:
    host.apply()
    file = str(host.directory / "edge.pfx")
    assert host.run("export", "--pkcs12", file).code == 2
    assert not (host.directory / "edge.pfx").exists()
    assert "password" in host.run("export", "--pkcs12", file, "--show-password").result


def test_a_key_that_is_not_exportable_stays(host: Host) -> None:
    host.write(exportable=False)
    host.apply()
    ran = host.run("export", "--pem", str(host.directory / "edge.pem"))
    assert (ran.code, ran.error_code) == (9, "not-exportable")
    assert host.run("export", "--chain-only", str(host.directory / "chain.pem")).code == 0
    assert b"PRIVATE" not in (host.directory / "chain.pem").read_bytes()
    keys = [path for path in host.state_dir.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    assert keys == []


def test_pem_holds_key_and_chain_for_its_owner_alone(host: Host) -> None:
    host.apply()
    file = host.directory / "edge.pem"
    host.run("export", "--pem", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes().count(b"-----BEGIN") == 3
