from __future__ import annotations

import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest

from edgecert.issuers.acme.transport import LARGEST_BODY, HttpsTransport
from edgecert.probe.tlssocket import TlsSocket
from edgecert.shared.errors import NetworkError
from tests.support.pki import Pki

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OK = b"HTTP/1.1 200 OK\r\nReplay-Nonce: abc\r\nContent-Length: 2\r\n\r\nhi"


class Server:
    """Answers each request with the next of its answers; an answer without a length ends the connection."""

    def __init__(self, pki: Pki, directory: Path, *answers: bytes) -> None:
        certificate, key = pki.issue(names=("ip:127.0.0.1",)).write(directory, "server")
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.sslsocket_class = TlsSocket
        self._context.load_cert_chain(certificate, key)
        self._answers = list(answers)
        self.connections = 0
        self.seen: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._socket.getsockname()[1]}/dir"
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while self._answers:
            try:
                plain, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            try:
                with self._context.wrap_socket(plain, server_side=True) as connection:
                    self._talk(connection)
            except OSError:
                continue

    def _talk(self, connection: ssl.SSLSocket) -> None:
        while self._answers:
            head = connection.recv(65536)
            if not head:
                return
            if head.startswith(b"POST"):
                while not head.endswith(b"{}"):
                    head += connection.recv(65536)
            self.seen.append(head)
            answer = self._answers.pop(0)
            connection.sendall(answer)
            if answer != OK:
                return

    def close(self) -> None:
        self._answers.clear()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., tuple[Server, HttpsTransport]]]:
    pki = Pki.create(tmp_path)
    opened: list[tuple[Server, HttpsTransport]] = []

    def start(*answers: bytes, timeout: float = 10.0) -> tuple[Server, HttpsTransport]:
        opened.append((Server(pki, tmp_path, *answers), HttpsTransport(pki.ca_file, timeout=timeout)))
        return opened[-1]

    yield start
    for server, transport in opened:
        transport.close()
        server.close()


def test_one_connection_carries_many_requests(serve: Callable[..., tuple[Server, HttpsTransport]]) -> None:
    server, transport = serve(OK, OK, OK)
    for _ in range(3):
        response = transport.send("POST", server.url, {"Content-Type": "application/jose+json"}, b"{}")
        assert (response.status, response.body, response.headers["replay-nonce"]) == (200, b"hi", "abc")
    assert server.connections == 1
    assert b"User-Agent: edgecert/" in server.seen[0]


def test_a_kept_connection_that_was_closed_is_replaced(serve: Callable[..., tuple[Server, HttpsTransport]]) -> None:
    server, transport = serve(OK, b"", OK)
    assert transport.send("GET", server.url, {}).body == b"hi"
    assert transport.send("GET", server.url, {}).body == b"hi"
    assert server.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SMTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (LARGEST_BODY + 1),
    ],
    ids=["nothing", "no-http", "cut-off", "endless"],
)
def test_an_answer_that_is_none_is_told(serve: Callable[..., tuple[Server, HttpsTransport]], answer: bytes) -> None:
    server, transport = serve(answer)
    with pytest.raises(NetworkError) as caught:
        transport.send("GET", server.url, {})
    assert caught.value.code == "acme-unreachable"


def test_a_server_that_says_nothing_is_not_waited_for(serve: Callable[..., tuple[Server, HttpsTransport]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        _, transport = serve(timeout=0.2)
        with pytest.raises(NetworkError) as caught:
            transport.send("GET", f"https://127.0.0.1:{silent.getsockname()[1]}/", {})
    assert caught.value.code == "acme-unreachable"


def test_an_unknown_ca_is_told_with_the_key_that_mends_it(
    serve: Callable[..., tuple[Server, HttpsTransport]], tmp_path: Path
) -> None:
    server, _ = serve(OK)
    with pytest.raises(NetworkError) as caught:
        HttpsTransport(Pki.create(tmp_path / "other").ca_file).send("GET", server.url, {})
    assert caught.value.code == "acme-tls"
    assert "directory_ca_file" in caught.value.hint


def test_a_ca_file_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("nothing", encoding="utf-8")
    for name in ("no.pem", "absent.pem"):
        with pytest.raises(NetworkError) as caught:
            HttpsTransport(tmp_path / name).send("GET", "https://127.0.0.1/dir", {})
        assert caught.value.code == "acme-tls"


@pytest.mark.parametrize("url", ["http://127.0.0.1/dir", "ftp://x", "nonsense", "https://", "https://[::1"])
def test_nothing_is_sent_in_the_clear(url: str) -> None:
    with pytest.raises(NetworkError) as caught:
        HttpsTransport().send("GET", url, {})
    assert caught.value.code == "acme-malformed"
