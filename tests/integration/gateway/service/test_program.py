from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.gatewayrunner import GatewayRunner
from tests.support.net import loopback_net
from tests.support.pki import Pki

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOMAIN = "contoso.example"


@pytest.fixture
def net() -> Iterator[str]:
    with loopback_net() as prefix:
        yield prefix


def test_hangup_reloads_the_directory_and_termination_ends_in_good_order(tmp_path: Path, net: str) -> None:
    pki = Pki.create(tmp_path / "pki")
    first, second = pki.issue([DOMAIN]), pki.issue([DOMAIN], key="rsa-2048")
    live = tmp_path / "live"
    first.write(live)
    tables = {"gateway": {"certificate_dir": str(live)}}
    with GatewayRunner(tmp_path / "gateway", f"{net}1", [DOMAIN], ca_file=pki.ca_file, tables=tables) as runner:

        def serial() -> str:
            certificates = runner.status()["certificates"]
            assert isinstance(certificates, list)
            return str(certificates[0]["serial"])

        assert serial() == f"{first.cert.serial_number:x}"
        second.write(live)
        runner.program.send(signal.SIGHUP)
        runner.program.wait_until(lambda: serial() == f"{second.cert.serial_number:x}", what="the new certificate")
        runner.program.send(signal.SIGTERM)
        assert runner.program.wait() == 0
