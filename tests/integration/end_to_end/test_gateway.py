"""A real gateway and the whole of edgecert: restarts, dates, refusals, other releases, other users."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.certfacts import fingerprint_sha256
from edgecert.shared.clock import format_time
from edgecert.shared.control import ControlClient, SwapRequest, encode_swap
from edgecert.shared.errors import ControlError, PermissionDeniedError
from tests.support.cli import Host
from tests.support.edge import DOMAIN, Edge
from tests.support.forks import run_forked
from tests.support.gatewayrunner import GatewayRunner
from tests.support.net import loopback_net
from tests.support.pki import Pki, now
from tests.support.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from edgecert.shared.jsonvalue import JsonObject

NOBODY = 65534
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="changing the user needs root")


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.create(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayRunner]:
    with loopback_net() as net, GatewayRunner(tmp_path / "gateway", f"{net}1", [DOMAIN]) as runner:
        yield runner


@pytest.fixture
def edge(tmp_path: Path, gateway: GatewayRunner) -> Edge:
    """A host with its flags file beside a gateway that has no certificate yet."""
    (tmp_path / "host").mkdir()
    edge = Edge(Host(tmp_path / "host"), gateway)
    edge.write()
    return edge


def fingerprint(edge: Edge, generation: int) -> str:
    return fingerprint_sha256(edge.bundle(generation).leaf)


def at_gateway(edge: Edge) -> JsonObject:
    """Give what ``list`` knows of the gateway as a target."""
    targets: list[JsonObject] = edge.listed()["deployments"]
    return next(target for target in targets if target["kind"] == "gateway")


# --- restarts and dates ----------------------------------------------------------------------------


@pytest.mark.parametrize("finisher", ["renew", "apply"])
def test_a_deploy_to_a_gateway_that_is_down_is_recorded_and_finished(edge: Edge, finisher: str) -> None:
    assert edge.gateway is not None
    edge.gateway.stop()
    applied = edge.host.apply()
    assert applied.code == 0, "a gateway that is down is a warning"
    assert "not-running" in [warning["code"] for warning in applied.document["warnings"]]
    target = at_gateway(edge)
    assert (target["ok"], target["verdict"], target["serving"]) == (False, "not-running", None)
    assert edge.run("renew").code == 0, "still down: still only a warning"

    edge.gateway.start()
    assert not edge.gateway.is_ready()
    finished = edge.run("renew") if finisher == "renew" else edge.host.apply()
    assert finished.code == 0, finished.stdout
    assert edge.served() == fingerprint(edge, 1)
    assert at_gateway(edge)["verdict"] == "same"
    assert len(edge.requests()) == 1, "no new order"
    edge.gateway.restart()
    assert edge.served() == fingerprint(edge, 1)


@pytest.mark.parametrize("running", [True, False], ids=["running", "restarted after the date"])
def test_a_staged_generation_swaps_itself_at_its_date(edge: Edge, running: bool) -> None:
    gateway = edge.gateway
    assert gateway is not None
    assert edge.host.apply().code == 0
    assert edge.run("issue", "-c", str(edge.host.flags_file), "--force").code == 0
    date = now() + timedelta(seconds=3)
    staged = edge.run("deploy", "--effective-date", format_time(date))
    assert staged.result["handed_to"] == ["gateway"]
    assert edge.served() == fingerprint(edge, 1)
    if running:
        wait_until(lambda: edge.served() == fingerprint(edge, 2), what="the staged generation is served", timeout=15)
    else:
        gateway.stop()
        wait_until(lambda: now() > date, what="the date has come")
        gateway.start()
        assert edge.served() == fingerprint(edge, 2)
    assert gateway.status()["staged"] == []
    assert edge.installed()[0] == fingerprint(edge, 1), "files wait for renew"
    renewed = edge.run("renew")
    assert renewed.result["lineages"][0]["action"] == "deployed"
    assert (edge.served(), edge.installed()[0]) == (fingerprint(edge, 2),) * 2
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
    assert (rolled.result["generation"], edge.served()) == (1, fingerprint(edge, 1))
    edge.gateway.restart()
    assert edge.served() == fingerprint(edge, 1)
    assert edge.run("renew").result["lineages"][0]["action"] == "not-due"
    assert edge.host.apply().code == 0
    assert edge.served() == fingerprint(edge, 1)
    assert edge.run("renew", "edge", "--force").code == 0
    assert edge.served() == fingerprint(edge, 3)


def test_expired_material_is_served_and_said_to_be_critical(gateway: GatewayRunner, pki: Pki) -> None:
    ends = now() + timedelta(seconds=2)
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


# --- refusals --------------------------------------------------------------------------------------


def test_refused_pushes_change_nothing(gateway: GatewayRunner, pki: Pki) -> None:
    good, other = pki.issue([DOMAIN]).bundle("edge", 5), pki.issue([DOMAIN]).bundle("edge", 6)
    gateway.push(good)
    before = gateway.status()["certificates"]
    wrong_key = encode_swap(SwapRequest(other))
    wrong_key = {**wrong_key, "bundle": {**objects(wrong_key["bundle"]), "key": good.key.reveal().decode()}}
    refusals = {
        "key-mismatch": wrong_key,
        "older-generation": encode_swap(SwapRequest(pki.issue([DOMAIN]).bundle("edge", 4))),
        "uncovered-domains": encode_swap(SwapRequest(pki.issue(["litware.example"]).bundle("edge", 6))),
        "generation-conflict": encode_swap(SwapRequest(pki.issue([DOMAIN]).bundle("edge", 5))),
    }
    for code, body in refusals.items():
        with pytest.raises(ControlError) as refused:
            gateway.client().post("/v1/swap", body)
        assert refused.value.code == code
        assert gateway.status()["certificates"] == before
    gateway.restart()
    assert gateway.status()["certificates"] == before


def objects(value: object) -> JsonObject:
    assert isinstance(value, dict)
    return value


def test_names_that_are_served_are_dropped_only_on_purpose(edge: Edge) -> None:
    assert edge.host.apply().code == 0
    before = edge.served()
    edge.write(domains=("litware.example",))
    refused = edge.host.apply("--unconstrained")
    assert (refused.code, refused.error_code) == (6, "outside-name-constraints")
    assert edge.run("ca", "extend", "litware.example").code == 0
    refused = edge.host.apply()
    assert (refused.code, refused.error_code) == (1, "uncovered-domains")
    assert edge.served() == before
    assert edge.installed()[0] == fingerprint(edge, 2), "the other target is not stopped by it"
    assert (at_gateway(edge)["wanted"], at_gateway(edge)["serving"]) == (2, 1)
    dropped = edge.host.apply("--allow-drop")
    assert dropped.code == 0, dropped.stdout
    assert edge.served() == fingerprint(edge, 2)
    assert edge.generations() == [1, 2]


@AS_ROOT
def test_another_user_can_neither_push_nor_pose_as_the_gateway(edge: Edge) -> None:
    gateway = edge.gateway
    assert gateway is not None
    assert edge.host.apply().code == 0
    before = gateway.status()["certificates"]
    gateway.runtime.chmod(0o777)
    gateway.control.chmod(0o666)
    body = encode_swap(SwapRequest(edge.bundle(1)))

    def push_as_nobody() -> None:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        with pytest.raises(PermissionDeniedError) as refused:
            ControlClient(gateway.control, expect_user="0").post("/v1/swap", body)
        assert refused.value.code == "wrong-caller"

    assert run_forked(push_as_nobody) == 0
    assert gateway.status()["certificates"] == before

    gateway.stop()
    gateway.control.unlink(missing_ok=True)
    with pose_as_gateway(gateway.control) as heard:
        refused = edge.run("deploy")
        assert (refused.code, refused.error_code) == (9, "wrong-peer")
        assert heard() == b"", "not a byte was sent"


@contextlib.contextmanager
def pose_as_gateway(path: Path) -> Iterator[Callable[[], bytes]]:
    """Listen at ``path`` as nobody, in a child; give a function that ends it and says what it was sent."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            server.listen()
            os.write(write, b".")
            connection, _ = server.accept()
            with contextlib.suppress(OSError):
                os.write(write, connection.recv(65536))
        os._exit(0)
    os.close(write)
    assert os.read(read, 1) == b"."

    def heard() -> bytes:
        return os.read(read, 65536)

    try:
        yield heard
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(read)


# --- other releases --------------------------------------------------------------------------------


def test_an_older_and_a_newer_edgecert_push_to_this_gateway(gateway: GatewayRunner, pki: Pki) -> None:
    body = encode_swap(SwapRequest(pki.issue([DOMAIN]).bundle("edge", 1)))
    older = {key: value for key, value in body.items() if key in {"bundle"}}
    assert gateway.client().post("/v1/swap", older)["swapped"] is True

    newer = ControlClient(gateway.control, versions=(1, 4))
    assert newer.negotiate() == 1
    body = encode_swap(SwapRequest(pki.issue([DOMAIN]).bundle("edge", 2)), api=1)
    bundle = {**objects(body["bundle"]), "hint_of_the_future": [1]}
    meta = {**objects(bundle["meta"]), "colour": "blue"}
    assert newer.post("/v1/swap", {**body, "bundle": {**bundle, "meta": meta}, "priority": 3})["swapped"] is True

    foreign = ControlClient(gateway.control, versions=(2, 4))
    with pytest.raises(ControlError) as refused:
        foreign.negotiate()
    assert refused.value.code == "api-version"
    with pytest.raises(ControlError) as refused:
        foreign.post("/v1/swap", body)
    assert refused.value.code == "api-version"
    assert "2" in refused.value.message


@pytest.mark.parametrize(("low", "high", "code"), [(1, 5, ""), (2, 5, "api-version")])
def test_this_edgecert_deploys_to_a_newer_gateway_or_says_why_not(
    edge: Edge, gateway: GatewayRunner, low: int, high: int, code: str
) -> None:
    assert edge.run("issue", "-c", str(edge.host.flags_file)).code == 0
    gateway.stop()
    gateway.control.unlink(missing_ok=True)
    answers: dict[str, JsonObject] = {
        "GET /v1/hello": {"api_min": low, "api_max": high, "version": "9.0", "motto": "onwards"},
        "POST /v1/swap": {"name": "edge", "generation": 1, "swapped": True, "staged": False, "mood": "good"},
        "GET /v1/status": {"ready": True, "listeners": [], "certificates": [], "weather": {"wind": 3}},
    }
    with newer_gateway(gateway.control, answers) as calls:
        deployed = edge.run("deploy", "--target", "gateway")
    assert (deployed.code, deployed.error_code if code else "") == (1 if code else 0, code)
    assert [call.split(" HTTP")[0] for call in calls] == list(answers)[: 1 if code else 3]
    assert "X-Edgecert-Api: 1\r\n" in calls[-1]


@contextlib.contextmanager
def newer_gateway(path: Path, answers: dict[str, JsonObject]) -> Iterator[list[str]]:
    """Answer calls at ``path`` as a later release would; what was called is in the list."""
    calls: list[str] = []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        server.settimeout(0.05)
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, _ = server.accept()
                    with connection:
                        connection.settimeout(5)
                        call = read_call(connection)
                        calls.append(call)
                        body = json.dumps(answers[call.split(" HTTP")[0]]).encode()
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield calls
        finally:
            ended.set()
            thread.join()


def read_call(connection: socket.socket) -> str:
    call = b""
    while b"\r\n\r\n" not in call:
        call += connection.recv(65536)
    head, _, body = call.partition(b"\r\n\r\n")
    length = int(head.partition(b"Content-Length: ")[2].split(b"\r\n")[0] or b"0")
    while len(body) < length:
        body += connection.recv(65536)
    return head.decode() + "\r\n"


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
    ends = now() + timedelta(seconds=2)
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
