from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from edgecert.issuers.acme.ahead import AheadTransport
from edgecert.issuers.acme.transport import Response, Transport
from edgecert.shared.errors import NetworkError
from edgecert.shared.overriding import override
from tests.support.acmeserver import AcmeServer, MemorySolver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.fixture
def server(tmp_path: Path) -> AcmeServer:
    return AcmeServer(tmp_path, MemorySolver())


def test_directory_and_nonce_are_asked_for_once_and_handed_out_once(server: AcmeServer) -> None:
    ahead = AheadTransport(server, server.url)
    ahead.start()
    ahead.start()
    nonce_url = f"{server.base}/newNonce"
    nonces = [ahead.send("HEAD", nonce_url, {}).headers["replay-nonce"] for _ in range(2)]
    assert b"newOrder" in ahead.send("GET", server.url, {}).body
    assert server.requests == [("GET", "/directory"), ("HEAD", "/newNonce"), ("HEAD", "/newNonce")]
    assert nonces[0] != nonces[1]
    ahead.close()
    assert "acme-ahead" not in {thread.name for thread in threading.enumerate()}


def test_without_a_start_nothing_is_asked_ahead(server: AcmeServer) -> None:
    ahead = AheadTransport(server, server.url)
    assert server.requests == []
    assert ahead.send("GET", server.url, {}).status == 200
    ahead.close()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"newNonce": 7}'])
def test_a_directory_that_is_none_is_told_by_who_reads_it(server: AcmeServer, body: bytes) -> None:
    server.fault = lambda _method, _path: Response(200, {}, body)
    ahead = AheadTransport(server, server.url)
    ahead.start()
    assert ahead.send("GET", server.url, {}).body == body
    assert len(server.requests) == 1


class Unreachable(Transport):
    """Nobody is there, the first time."""

    def __init__(self) -> None:
        self.asked = 0

    @override
    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Response:
        self.asked += 1
        if self.asked == 1:
            raise NetworkError("nobody", code="acme-unreachable")
        return Response(200)

    @override
    def close(self) -> None:
        pass


def test_a_failure_is_raised_where_the_answer_is_wanted_and_then_tried_again() -> None:
    ahead = AheadTransport(Unreachable(), "https://ca.example.net/directory")
    ahead.start()
    with pytest.raises(NetworkError, match="nobody"):
        ahead.send("GET", "https://ca.example.net/directory", {})
    assert ahead.send("GET", "https://ca.example.net/directory", {}).status == 200
