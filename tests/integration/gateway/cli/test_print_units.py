from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.gatewaycli import gateway_cli

if TYPE_CHECKING:
    from pathlib import Path

NAMES = {
    "edgecert-gateway.service",
    "edgecert-renew.service",
    "edgecert-renew.timer",
    "edgecert.sysusers.conf",
    "edgecert.tmpfiles.conf",
}


def test_prints_every_file_with_its_place() -> None:
    result = gateway_cli("print-units", "--bin-dir", "/opt/edgecert/bin", "--json")
    files = result.document["result"]["files"]
    assert {file["name"] for file in files} == NAMES
    text = gateway_cli("print-units", "--bin-dir", "/opt/edgecert/bin").stdout
    assert all(f"# {file['path']}\n" in text for file in files)


def test_writes_them_and_says_how_to_install(tmp_path: Path) -> None:
    result = gateway_cli("print-units", "-o", str(tmp_path / "units"), "--bin-dir", "/opt/edgecert/bin")
    assert {entry.name for entry in (tmp_path / "units").iterdir()} == NAMES
    assert result.stdout.count("install -m 644") == len(NAMES)
    assert "systemctl daemon-reload" in result.stdout


def test_warns_of_a_place_that_the_sandbox_hides() -> None:
    result = gateway_cli("print-units", "--bin-dir", "/run/user/1000/bin", "--json")
    assert [warning["code"] for warning in result.document["warnings"]] == ["hidden-program"]


@pytest.mark.parametrize("directory", ["relative", "/with space", "/with%h", "/with$x", "/x\nExecStart=/bin/sh"])
def test_refuses_what_would_mean_something_else_in_a_unit(directory: str) -> None:
    assert gateway_cli("print-units", "--bin-dir", "/opt/bin", "--writable", directory).code == 2


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = gateway_cli("print-units", "--output-dir", str(tmp_path / "file" / "below"))
    assert (result.code, "[usage]" in result.stderr, "cannot be written" in result.stderr) == (2, True, True)
