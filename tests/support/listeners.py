"""A small TLS listener on loopback, by the standard library: STARTTLS as an XMPP server offers it, or direct TLS."""

from __future__ import annotations

import contextlib
import socket
import ssl
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from edgecert.probe.tlssocket import TlsSocket

if TYPE_CHECKING:
    from types import TracebackType

    from tests.support.pki import Issued

HEADER = b"<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'>"
FEATURES = (
    b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"
)
PROCEED = b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"


class Listener:
    """Serves ``material`` at :attr:`address` until the context ends; what clients said before TLS is in :attr:`heard`.

    ``answers`` are sent one after the other to what a client sends in clear; none means direct TLS.
    """

    def __init__(
        self,
        material: Issued,
        *,
        answers: tuple[bytes, ...] = (HEADER + FEATURES, PROCEED),
        alpn: tuple[str, ...] = (),
        address: str = "127.0.0.1:0",
    ) -> None:
        """Prepare to listen at ``address``."""
        self._answers = answers
        self._alpn = alpn
        self._context = self.make_context(material)
        self._listening = threading.Event()
        host, _, port = address.rpartition(":")
        self._server = socket.create_server((host, int(port)))
        self._server.settimeout(0.05)
        self.address = f"{host}:{self._server.getsockname()[1]}"
        self.heard: list[bytes] = []
        self.alpn_chosen: list[str | None] = []
        self._answering: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._serve, name=f"listener {self.address}")

    def make_context(self, material: Issued) -> ssl.SSLContext:
        """Give a server context for ``material``."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sslsocket_class = TlsSocket
        with tempfile.TemporaryDirectory() as directory:
            context.load_cert_chain(*material.write(Path(directory)))
        if self._alpn:
            context.set_alpn_protocols(list(self._alpn))
        return context

    def serve(self, material: Issued) -> None:
        """Serve other material from now on."""
        self._context = self.make_context(material)

    def __enter__(self) -> Self:
        """Listen."""
        self._listening.set()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Listen no more; what was begun is ended when this returns."""
        self._listening.clear()
        self._thread.join()
        self._server.close()
        for answering in self._answering:
            answering.join()

    def _serve(self) -> None:
        while self._listening.is_set():
            with contextlib.suppress(OSError):
                connection, _ = self._server.accept()
                answering = threading.Thread(target=self._answer, args=(connection,), daemon=True)
                self._answering.append(answering)
                answering.start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(60)
            for answer in self._answers:
                heard = connection.recv(4096)
                self.heard.append(heard)
                if not heard:
                    return
                connection.sendall(answer)
            if self._answers and self._answers[-1] != PROCEED:
                return
            with self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as channel:
                try:
                    channel.do_handshake()
                finally:  # a client that has seen enough may be gone before our last word of it
                    self.alpn_chosen.append(channel.selected_alpn_protocol())
                channel.recv(1)
