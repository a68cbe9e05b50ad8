"""The whole way of a certificate into a running gateway, by real programs and real handshakes."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import pytest

from edgecert.deploy.gateway import GatewayDeployer
from edgecert.interfaces import DeployOptions, TargetVerdict
from edgecert.model.request import DeployTarget
from edgecert.probe.handshake import HandshakeProber
from edgecert.shared.certfacts import fingerprint_sha256
from edgecert.shared.errors import ControlError
from tests.support.gatewayrunner import GatewayRunner
from tests.support.net import loopback_net
from tests.support.pki import Pki
from tests.support.processes import Program, run, script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOME = "contoso.example"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.create(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayRunner]:
    with loopback_net() as net, GatewayRunner(tmp_path / "gateway", f"{net}1", [HOME]) as runner:
        yield runner


def serves(gateway: GatewayRunner) -> str:
    served = HandshakeProber().probe(f"{gateway.address}:5269", "xmpp-s2s", HOME, timeout=30)
    return served.fingerprint_sha256


def test_starts_without_a_certificate_and_the_first_deploy_heals_it(gateway: GatewayRunner, pki: Pki) -> None:
    assert gateway.status()["ready"] is False
    deployer = GatewayDeployer(
        DeployTarget(name="gateway", kind="gateway", control=str(gateway.control)), HandshakeProber()
    )
    first, second = (pki.issue([HOME]).bundle("edge", number) for number in (1, 2))
    deployer.push(first, DeployOptions())
    assert gateway.status()["ready"] is True
    assert deployer.verify(first).verdict is TargetVerdict.SAME
    deployer.push(second, DeployOptions())
    assert deployer.verify(second).verdict is TargetVerdict.SAME
    assert deployer.verify(first).verdict is TargetVerdict.DIFFERENT
    with pytest.raises(ControlError):
        deployer.push(first, DeployOptions())
    deployer.push(first, DeployOptions(rollback=True))
    assert deployer.verify(first).verdict is TargetVerdict.SAME


def test_swap_verb_goes_back_without_edgecert_and_a_restart_keeps_it(gateway: GatewayRunner, pki: Pki) -> None:
    first, second = (pki.issue([HOME]).bundle("edge", number) for number in (1, 2))
    gateway.push(first)
    gateway.push(second)
    swapped = gateway.run("swap", "edge", "--previous", "--json")
    assert swapped.code == 0, swapped.stderr
    assert swapped.document["result"]["generation"] == 1
    assert serves(gateway) == fingerprint_sha256(first.leaf)
    gateway.restart()
    assert serves(gateway) == fingerprint_sha256(first.leaf)
    assert gateway.run("swap", "edge", "--generation", "2").code == 0
    assert serves(gateway) == fingerprint_sha256(second.leaf)
    unknown = gateway.run("swap", "edge", "--generation", "9", "--json")
    assert unknown.code == 1
    assert unknown.document["error"]["code"]


def test_status_streams_reload_and_metrics_answer(gateway: GatewayRunner, pki: Pki) -> None:
    gateway.push(pki.issue([HOME]).bundle("edge", 3))
    status = gateway.run("status")
    assert status.code == 0
    assert status.stdout.startswith("ready ")
    assert "edge" in status.stdout
    assert gateway.run("streams").stdout == "no stream is open\n"
    reload = gateway.run("reload", "--json")
    assert reload.document["result"]["reloaded"] is True
    metrics = gateway.client(changing=False).get_text("/metrics")
    assert 'edgecert_gateway_certificate_generation{name="edge"} 3.0' in metrics
    assert 'edgecert_gateway_swaps_total{outcome="swapped"} 1.0' in metrics


def test_partners_change_live_and_in_the_database_of_a_stopped_gateway(gateway: GatewayRunner, tmp_path: Path) -> None:
    table = tmp_path / "partners.toml"
    table.write_text('[[partner]]\ndomain = "fabrikam.example"\ntype = "federated"\n')
    tried = gateway.run("partner", "apply", str(table), "--dry-run", "--json")
    assert tried.code == 0, tried.stderr
    assert (tried.document["result"]["added"], tried.document["result"]["live"]) == (["fabrikam.example"], True)
    assert gateway.run("partner", "list", "--json").document["result"]["partners"] == []
    applied = gateway.run("partner", "apply", str(table))
    assert applied.code == 0, applied.stderr
    assert applied.stdout.splitlines() == ["+ fabrikam.example", "live now"]
    assert gateway.run("partner", "apply", str(table)).stdout == "nothing to change\n"
    assert gateway.stop() == 0
    changed = gateway.run("partner", "set", "fabrikam.example", "--description", "Fabrikam")
    assert changed.code == 0, changed.stderr
    assert changed.stdout.splitlines()[-1] == "saved; no gateway is running"
    exported = gateway.run("partner", "export")
    assert 'description = "Fabrikam"' in exported.stdout
    gateway.start()
    shown = gateway.run("partner", "show", "fabrikam.example", "--json")
    assert shown.document["result"]["partner"]["description"] == "Fabrikam"
    assert gateway.run("partner", "remove", "fabrikam.example").stdout == "- fabrikam.example\nlive now\n"


def test_a_second_gateway_gives_way_and_says_why(gateway: GatewayRunner) -> None:
    second = gateway.run("serve")
    assert second.code == 8
    assert "another gateway" in second.stderr or "being worked on" in second.stderr
    assert gateway.answers()


def test_tells_the_service_manager_when_it_is_ready_reloads_and_stops(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, loopback_net() as net:
        manager.bind(f"\0{tmp_path}")
        manager.settimeout(20)
        environ = {"NOTIFY_SOCKET": f"@{tmp_path}"}
        with GatewayRunner(tmp_path / "gateway", f"{net}1", [HOME], environ=environ) as gateway:
            assert manager.recv(4096).startswith(b"READY=1")
            gateway.program.send(signal.SIGHUP)
            assert manager.recv(4096).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
            assert manager.recv(4096).startswith(b"READY=1")
        assert manager.recv(4096) == b"STOPPING=1"


def test_ends_cleanly_on_a_signal_and_takes_its_sockets_away(gateway: GatewayRunner) -> None:
    gateway.program.send(signal.SIGTERM)
    assert gateway.program.wait() == 0
    assert not gateway.control.exists()
    assert gateway.run("status").code == 1
    assert "no gateway listens" in gateway.run("status").stderr


def test_serve_with_a_wrong_configuration_names_every_line(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text('[gateway]\nstatdir = "x"\n[listen]\ns2s = ["nowhere"]\n')
    result = run([script("edgecert-gateway"), "serve", "-c", str(config)])
    assert result.code == 2
    assert f"{config}:2: gateway.statdir" in result.stderr
    assert f"{config}:4: listen.s2s" in result.stderr


def test_programs_are_ended_with_all_they_started(tmp_path: Path) -> None:
    with Program(["sh", "-c", "trap '' TERM; echo ready; sleep 1000 & wait; sleep 1000"], tmp_path / "log") as program:
        program.wait_until(lambda: "ready" in program.output, what="ready")
        assert program.stop(timeout=0.2) == -signal.SIGKILL
