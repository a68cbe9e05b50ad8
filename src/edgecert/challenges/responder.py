"""http-01 by an own web server that knows nothing but the tokens of the moment."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
import threading
import time
from typing import TYPE_CHECKING, Final

from edgecert.interfaces import ChallengeSolver
from edgecert.shared.errors import ChallengeError, PermissionDeniedError
from edgecert.shared.http01 import LONGEST_HEAD, is_whole, respond
from edgecert.shared.overriding import override

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.model.challenge import Challenge

_TIMEOUT: Final = 10.0
# More than every perspective of a CA at once for a hundred names; a flood beyond that waits in the backlog.
_AT_ONCE: Final = 64
_BACKLOG: Final = 256


class ResponderSolver(ChallengeSolver):
    """Listens from the first token to the last; in between nothing is open."""

    def __init__(self, listen: str) -> None:
        """Listen on ``listen``: ``address:port``, an IPv6 address in brackets."""
        host, _, port = listen.rpartition(":")
        self._address = (host.strip("[]"), int(port))
        self._answers: dict[str, str] = {}
        self._server: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._free = threading.BoundedSemaphore(_AT_ONCE)

    @override
    def present(self, challenges: Sequence[Challenge]) -> None:
        """Answer for ``challenges`` from now on.

        Raises:
            ChallengeError: ``listen-failed``.
            PermissionDeniedError: the port is one of those that only root may open.
        """
        self._answers |= {challenge.path: challenge.value for challenge in challenges}
        if self._server is not None:
            return
        server = self._listen()
        self._server = server
        self._thread = threading.Thread(target=self._serve, args=(server,), name="acme-http-01", daemon=True)
        self._thread.start()

    @override
    def clean_up(self, challenges: Sequence[Challenge]) -> None:
        """Forget ``challenges``; with the last one the port is closed."""
        for challenge in challenges:
            self._answers.pop(challenge.path, None)
        if self._answers or self._server is None or self._thread is None:
            return
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)  # wakes accept() on Linux
        self._server.close()
        self._thread.join(_TIMEOUT)
        self._server = self._thread = None

    def _listen(self) -> socket.socket:
        host, port = self._address
        family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
        server = socket.socket(family, socket.SOCK_STREAM)
        try:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)  # [::] is for IPv4 too
            server.bind(self._address)
            server.listen(_BACKLOG)
        except OSError as error:
            server.close()
            raise _listen_failed(host, port, error) from error
        return server

    def _serve(self, server: socket.socket) -> None:
        while True:
            self._free.acquire()
            try:
                connection, _ = server.accept()
            except OSError as error:
                self._free.release()
                if error.errno in (errno.ECONNABORTED, errno.EMFILE, errno.ENFILE):
                    time.sleep(0)  # the next one may do
                    continue
                return  # closed by clean_up
            threading.Thread(target=self._answer, args=(connection,), name="acme-http-01", daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        try:
            with connection, contextlib.suppress(OSError):
                connection.settimeout(_TIMEOUT)
                connection.sendall(respond(_read_head(connection), self._answers))
                connection.shutdown(socket.SHUT_WR)
        finally:
            self._free.release()


def _read_head(connection: socket.socket) -> bytes:
    end = time.monotonic() + _TIMEOUT
    head = b""
    while not is_whole(head) and time.monotonic() < end:
        data = connection.recv(LONGEST_HEAD)
        if not data:
            break
        head += data
    return head


def _listen_failed(host: str, port: int, error: OSError) -> ChallengeError | PermissionDeniedError:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    message = f"edgecert cannot listen on {place} for http-01: {error.strerror or error}"
    if isinstance(error, PermissionError):
        hint = "run it as root, give its service CAP_NET_BIND_SERVICE, or use webroot"
        return PermissionDeniedError(message, hint=hint)
    hint = "use the web server that is there: webroot" if error.errno == errno.EADDRINUSE else "mend listen"
    return ChallengeError(message, code="listen-failed", hint=hint)
