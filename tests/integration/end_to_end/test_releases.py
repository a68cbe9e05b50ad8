"""edgecert and the gateway of other releases: what can be understood is, else the error names both versions."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.control import SwapRequest, encode_swap
from edgecert.shared.controlclient import ControlClient
from edgecert.shared.errors import ControlError
from tests.support.edge import DOMAIN, Edge, objects

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edgecert.shared.jsonvalue import JsonObject
    from tests.support.gatewayrunner import GatewayRunner
    from tests.support.pki import Pki


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
                        connection.settimeout(60)
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
