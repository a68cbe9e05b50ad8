from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from gateway.cli.units import build_units

if TYPE_CHECKING:
    from pathlib import Path


def texts() -> dict[str, str]:
    units = build_units(bin_dir="/opt/edgecert/bin", config="/etc/edgecert-gateway/gateway.toml", writable=["/etc/p"])
    return {unit.name: unit.text for unit in units}


def test_the_gateway_needs_no_capability_and_tells_systemd_that_it_lives() -> None:
    lines = texts()["edgecert-gateway.service"].splitlines()
    for line in (
        "Type=notify",
        "ExecStart=/opt/edgecert/bin/edgecert-gateway serve --config /etc/edgecert-gateway/gateway.toml",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "User=edgecert-gateway",
        "RuntimeDirectory=edgecert-gateway",
        "StateDirectory=edgecert-gateway",
        "CapabilityBoundingSet=",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
    ):
        assert line in lines
    assert any(line.startswith("LimitNOFILE=") for line in lines)
    # pyOpenSSL's callbacks are made at run time: with this the gateway could not finish a handshake.
    assert not [line for line in lines if line.startswith("MemoryDenyWriteExecute=")]


def test_renewing_has_a_random_delay_and_makes_up_for_what_was_missed() -> None:
    timer = texts()["edgecert-renew.timer"]
    assert "RandomizedDelaySec=" in timer
    assert "Persistent=yes" in timer
    service = texts()["edgecert-renew.service"]
    assert "ExecStart=/opt/edgecert/bin/edgecert renew" in service
    assert "ReadWritePaths=-/etc/edgecert -/etc/p\n" in service


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_takes_them(tmp_path: Path) -> None:
    for name in ("edgecert", "edgecert-gateway"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    paths = []
    for unit in build_units(bin_dir=str(tmp_path), config="/etc/edgecert-gateway/gateway.toml"):
        (tmp_path / unit.name).write_text(unit.text)
        if not unit.name.endswith(".conf"):
            paths.append(str(tmp_path / unit.name))
    done = subprocess.run(["systemd-analyze", "verify", *paths], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="no systemd-sysusers here")
def test_sysusers_takes_the_user(tmp_path: Path) -> None:
    place = tmp_path / "edgecert.conf"
    place.write_text(texts()["edgecert.sysusers.conf"])
    done = subprocess.run(["systemd-sysusers", "--dry-run", str(place)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
