"""A real gateway and the whole of edgecert: restarts, dates, keys, names, signals."""

from __future__ import annotations

import signal
import stat
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.certfacts import fingerprint_sha256
from edgecert.shared.clock import format_time
from edgecert.shared.errors import ControlError
from tests.support.cli import Host
from tests.support.edge import DOMAIN, Edge, objects
from tests.support.gatewayrunner import GatewayRunner
from tests.support.net import loopback_net
from tests.support.pki import Pki, now
from tests.support.processes import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from edgecert.shared.jsonvalue import JsonObject


# --- restarts and dates ----------------------------------------------------------------------------


@pytest.mark.parametrize("finisher", ["renew", "apply"])
def test_a_deploy_to_a_gateway_that_is_down_is_recorded_and_finished(edge: Edge, finisher: str) -> None:
    assert edge.gateway is not None
    edge.gateway.stop()
    applied = edge.host.apply()
    assert applied.code == 0, "a gateway that is down is a warning"
    assert "not-running" in [warning["code"] for warning in applied.document["warnings"]]
    target = edge.at_gateway()
    assert (target["ok"], target["verdict"], target["serving"]) == (False, "not-running", None)
    assert edge.run("renew").code == 0, "still down: still only a warning"

    edge.gateway.start()
    assert not edge.gateway.is_ready()
    finished = edge.run("renew") if finisher == "renew" else edge.host.apply()
    assert finished.code == 0, finished.stdout
    assert edge.served() == edge.fingerprint(1)
    assert edge.at_gateway()["verdict"] == "same"
    assert len(edge.requests()) == 1, "no new order"
    edge.gateway.restart()
    assert edge.served() == edge.fingerprint(1)


@pytest.mark.parametrize("running", [True, False], ids=["running", "restarted after the date"])
def test_a_staged_generation_swaps_itself_at_its_date(edge: Edge, running: bool) -> None:
    gateway = edge.gateway
    assert gateway is not None
    assert edge.host.apply().code == 0
    assert edge.run("issue", "-c", str(edge.host.flags_file), "--force").code == 0
    date = now() + timedelta(seconds=4)
    staged = edge.run("deploy", "--effective-date", format_time(date))
    assert staged.result["handed_to"] == ["gateway"]
    assert edge.served() == edge.fingerprint(1)
    if running:
        wait_until(lambda: edge.served() == edge.fingerprint(2), what="the staged generation is served", timeout=15)
    else:
        gateway.stop()
        wait_until(lambda: now() > date, what="the date has come")
        gateway.start()
        assert edge.served() == edge.fingerprint(2)
    assert gateway.status()["staged"] == []
    assert edge.installed()[0] == edge.fingerprint(1), "files wait for renew"
    renewed = edge.run("renew")
    assert renewed.result["lineages"][0]["action"] == "deployed"
    assert (edge.served(), edge.installed()[0]) == (edge.fingerprint(2),) * 2
    assert edge.listed()["staged"] is None


def test_what_is_withdrawn_does_not_come(edge: Edge) -> None:
    assert edge.gateway is not None
    assert edge.host.apply().code == 0
    assert edge.run("issue", "-c", str(edge.host.flags_file), "--force").code == 0
    assert edge.run("deploy", "--effective-date", format_time(now() + timedelta(hours=1))).code == 0
    tried = edge.run("deploy", "--cancel-staged", "--dry-run")
    assert (tried.result["dry_run"], tried.result["generation"]) == (True, 2)
    assert edge.gateway.status()["staged"] != []
    assert edge.run("deploy", "--cancel-staged").result["cancelled"] is True
    assert edge.gateway.status()["staged"] == []
    assert edge.listed()["staged"] is None


def test_rollback_holds_over_restarts_and_renewals(edge: Edge) -> None:
    assert edge.gateway is not None
    assert edge.host.apply().code == 0
    assert edge.run("renew", "edge", "--force").code == 0
    rolled = edge.run("rollback", "--reason", "calls fail")
    assert rolled.code == 0, rolled.stdout
    assert (rolled.result["generation"], edge.served()) == (1, edge.fingerprint(1))
    edge.gateway.restart()
    assert edge.served() == edge.fingerprint(1)
    assert edge.run("renew").result["lineages"][0]["action"] == "not-due"
    assert edge.host.apply().code == 0
    assert edge.served() == edge.fingerprint(1)
    assert edge.run("renew", "edge", "--force").code == 0
    assert edge.served() == edge.fingerprint(3)


def test_expired_material_is_served_and_said_to_be_critical(gateway: GatewayRunner, pki: Pki) -> None:
    ends = now() + timedelta(seconds=3)
    bundle = pki.issue([DOMAIN], not_after=ends).bundle("edge", 1)
    gateway.push(bundle)
    gateway.stop()
    wait_until(lambda: now() > ends, what="it has expired")
    gateway.start()
    status = gateway.status()
    assert status["ready"] is True
    assert "critical: edge generation 1 expired" in str(status["reasons"])
    with pytest.raises(ControlError) as refused:
        gateway.push(pki.expired([DOMAIN]).bundle("edge", 2))
    assert refused.value.code == "expired"
    gateway.push(pki.issue([DOMAIN]).bundle("edge", 2))
    assert gateway.status()["reasons"] == []


# --- keys that are not exportable ------------------------------------------------------------------


def test_a_key_that_is_not_exportable_is_nowhere_in_the_clear(edge: Edge) -> None:
    assert edge.gateway is not None
    edge.write(exportable=False)
    text = edge.host.flags_file.read_text(encoding="utf-8")
    before, _, rest = text.partition("[[deploy]]")
    edge.host.flags_file.write_text(before + rest[rest.index("[[deploy]]") :], encoding="utf-8")
    applied = edge.host.apply()
    assert applied.code == 0, applied.stdout
    assert "kek-created" in [warning["code"] for warning in applied.document["warnings"]]
    assert edge.run("renew", "edge", "--force").code == 0
    served = edge.served()

    held = [path for root in (edge.host.directory, edge.gateway.directory) for path in root.rglob("*")]
    files = [path for path in held if path.is_file() and not path.is_symlink()]
    assert len([path for path in files if path.name == "key.wrapped"]) >= 6, "two generations, two requests, two copies"
    assert [path for path in files if b"PRIVATE KEY" in path.read_bytes()] == []
    assert edge.run("export", "edge", "--pkcs12", "-o", str(edge.host.directory / "edge.p12")).code != 0

    edge.gateway.restart()
    assert edge.served() == served
    (edge.host.directory / "kek").unlink()
    assert edge.listed()["generation"] == 2, "looking needs no key"
    assert edge.run("show", "edge").code == 0
    failed = edge.run("renew", "edge", "--force")
    assert (failed.code, failed.error_code) == (1, "kek-missing")
    assert edge.served() == served


# --- several lineages, and their names -------------------------------------------------------------


def test_a_renamed_certificate_takes_the_place_of_its_old_name(edge: Edge) -> None:
    assert edge.gateway is not None
    assert edge.host.apply().code == 0
    before = edge.served()
    assert edge.run("rename", "edge", "front").code == 0
    assert edge.run("renew").result["lineages"][0]["action"] == "not-due"
    assert edge.served() == before
    renewed = edge.run("renew", "front", "--force")
    assert renewed.code == 0, renewed.stdout
    gateway_target = renewed.result["lineages"][0]["deployments"][1]
    assert (gateway_target["name"], gateway_target["verdict"]) == ("gateway", "same")
    assert edge.served() != before
    assert [entry["name"] for entry in certificates(edge.gateway)] == ["front"]
    edge.gateway.restart()
    assert [entry["name"] for entry in certificates(edge.gateway)] == ["front"]
    assert edge.run("rollback").code == 0
    assert edge.served() == before


def certificates(gateway: GatewayRunner) -> list[JsonObject]:
    """Give the certificates that the gateway serves."""
    shown = gateway.status()["certificates"]
    assert isinstance(shown, list)
    return [objects(entry) for entry in shown]


def test_a_second_certificate_that_is_not_presented_is_told_of(edge: Edge) -> None:
    gateway = edge.gateway
    assert gateway is not None
    assert edge.host.apply().code == 0
    text = edge.host.flags_file.read_text(encoding="utf-8")
    before, gateway_table = text[: text.index("[[deploy]]")], text[text.rindex("[[deploy]]") :]
    edge.host.flags_file.write_text(before + gateway_table, encoding="utf-8")
    second = edge.host.apply("--name", "second")
    assert second.code == 0, second.stdout
    (target,) = second.result["deployments"]
    assert target["verdict"] == "unverified"
    assert "with edge" in target["error"]
    assert [(entry["name"], entry["domains"]) for entry in certificates(gateway)] == [
        ("edge", [DOMAIN]),
        ("second", []),
    ]


def test_one_that_has_ended_stands_behind_one_that_has_not(gateway: GatewayRunner, pki: Pki) -> None:
    ends = now() + timedelta(seconds=3)
    gateway.push(pki.issue([DOMAIN], not_after=ends).bundle("a", 1))
    wait_until(lambda: now() > ends, what="it has expired")
    gateway.push(pki.issue([DOMAIN]).bundle("b", 1))
    assert [(entry["name"], entry["domains"]) for entry in certificates(gateway)] == [("b", [DOMAIN]), ("a", [])]


# --- signals, directories, owners -----------------------------------------------------------------


def test_a_directory_of_another_client_is_followed_at_sighup(tmp_path: Path, pki: Pki) -> None:
    first, second, third = (pki.issue([DOMAIN]) for _ in range(3))
    live = tmp_path / "live"
    first.write(live)
    tables: dict[str, JsonObject] = {"gateway": {"certificate_dir": str(live)}}
    with (
        loopback_net() as net,
        GatewayRunner(tmp_path / "gateway", f"{net}1", [DOMAIN], tables=tables) as gateway,
    ):
        edge = Edge(Host(tmp_path), gateway)
        assert edge.served() == fingerprint_sha256(first.cert)
        second.write(live)
        gateway.program.send(signal.SIGHUP)
        wait_until(lambda: edge.served() == fingerprint_sha256(second.cert), what="the new pair is served", timeout=15)
        (live / "server.crt").write_bytes(third.fullchain_pem)  # a client in the middle of its writing
        gateway.program.send(signal.SIGHUP)
        assert edge.served() == fingerprint_sha256(second.cert)
        third.write(live)
        wait_until(lambda: edge.served() == fingerprint_sha256(third.cert), what="the whole pair is served", timeout=25)
        assert gateway.is_ready()


def test_sockets_and_state_are_for_their_owner(gateway: GatewayRunner, pki: Pki) -> None:
    gateway.push(pki.issue([DOMAIN]).bundle("edge", 1))
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in gateway.state_dir.rglob("*") if not path.is_symlink()}
    assert {oct(mode) for path, mode in modes.items() if path.is_dir()} <= {"0o700"}
    assert {oct(mode) for path, mode in modes.items() if "key" in path.name} == {"0o600"}
    assert stat.S_IMODE(gateway.control.stat().st_mode) == 0o600
    assert stat.S_IMODE(gateway.status_socket.stat().st_mode) == 0o660
