"""What a gateway refuses, and whom: nothing changes, and it says why."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.control import SwapRequest, encode_swap
from edgecert.shared.controlclient import ControlClient
from edgecert.shared.errors import ControlError, PermissionDeniedError
from tests.support.edge import DOMAIN, Edge, objects
from tests.support.forks import run_forked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.gatewayrunner import GatewayRunner
    from tests.support.pki import Pki


NOBODY = 65534
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="changing the user needs root")


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
    assert edge.installed()[0] == edge.fingerprint(2), "the other target is not stopped by it"
    assert (edge.at_gateway()["wanted"], edge.at_gateway()["serving"]) == (2, 1)
    dropped = edge.host.apply("--allow-drop")
    assert dropped.code == 0, dropped.stdout
    assert edge.served() == edge.fingerprint(2)
    assert edge.generations() == [1, 2]
    renewed = edge.run("renew", "edge", "--force")
    assert renewed.code == 0, "what was dropped on purpose keeps no renewal out"
    assert edge.served() == edge.fingerprint(3)


def test_what_the_gateway_refuses_cannot_be_staged_either(edge: Edge) -> None:
    assert edge.gateway is not None
    assert edge.host.apply().code == 0
    edge.write(domains=("litware.example",))
    assert edge.run("ca", "extend", "litware.example").code == 0
    assert edge.run("issue", "-c", str(edge.host.flags_file)).code == 0
    when = str(edge.listed()["due_at"])
    refused = edge.run("deploy", "--effective-date", when)
    assert (refused.code, refused.error_code, refused.result["handed_to"]) == (1, "uncovered-domains", [])
    assert edge.gateway.status()["staged"] == []
    agreed = edge.run("deploy", "--effective-date", when, "--allow-drop")
    assert (agreed.code, agreed.result["handed_to"]) == (0, ["gateway"])


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
