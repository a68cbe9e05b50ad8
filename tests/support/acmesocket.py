"""The tests' ACME server over TLS on a loopback address, for whole ``edgecert`` processes.

::

    with loopback_net() as net, serving(AcmeServer(tmp_path, NetworkLooking(f"{net}2")), f"{net}1") as server:
        ...  # server.url, server.pki.ca_file
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from edgecert.probe.tlssocket import TlsSocket
from tests.support.acmefaults import Dropped, Held

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.acmeserver import AcmeServer

TIMEOUT = 60.0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one write for an answer
    timeout = TIMEOUT
    acme: AcmeServer

    @override
    def log_message(self, format: str, *args: Any) -> None:  # http.server's name and type
        del format, args

    @override
    def finish(self) -> None:
        """Close both files of the connection, also where the client is gone and what is buffered cannot be sent."""
        try:
            with contextlib.suppress(OSError):
                super().finish()
        finally:
            self.rfile.close()

    def _handle(self) -> None:
        length = int(self.headers.get("content-length", "0"))
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            response = self.acme.answer(self.command, self.path, headers, body)
        except Dropped:
            self.close_connection = True
            return
        except Held:
            self.close_connection = True
            self.rfile.read(1)  # until the client has had enough
            return
        self.send_response_only(response.status, HTTPStatus(response.status).phrase)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    do_GET = do_HEAD = do_POST = _handle  # noqa: N815  # http.server's names


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], acme: AcmeServer, context: ssl.SSLContext) -> None:
        handler = type("Handler", (_Handler,), {"acme": acme})
        super().__init__(address, handler)
        self._context = context
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    @override
    def finish_request(self, request: Any, client_address: Any) -> None:  # socketserver's types
        """Shake hands in the connection's own thread."""
        try:
            with self._context.wrap_socket(request, server_side=True) as channel:
                with self._lock:
                    self._open.add(channel)
                try:
                    super().finish_request(channel, client_address)
                finally:
                    with self._lock:
                        self._open.discard(channel)
        except (OSError, ValueError):
            return  # a client that went away

    def end(self) -> None:
        """Stop listening and end every connection."""
        self.shutdown()
        with self._lock:
            for channel in self._open:
                with contextlib.suppress(OSError):
                    channel.shutdown(socket.SHUT_RDWR)
        self.server_close()


@contextmanager
def serving(acme: AcmeServer, host: str, port: int = 0) -> Iterator[AcmeServer]:
    """Serve ``acme`` at ``host``; its ``base`` becomes the address. Trust ``acme.pki.ca_file`` to speak to it."""
    issued = acme.pki.issue(names=(f"ip:{host}",))
    certificate, key = issued.write(acme.directory / "acme-tls", "server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sslsocket_class = TlsSocket
    context.load_cert_chain(certificate, key)
    server = _Server((host, port), acme, context)
    acme.base = f"https://{host}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="acme-server")
    thread.start()
    try:
        yield acme
    finally:
        server.end()
        thread.join(TIMEOUT)
