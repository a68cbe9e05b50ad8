"""A port that is open only while something is published: each connection is answered by a thread of its own."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
import threading
import time
from typing import TYPE_CHECKING, Final

from edgecert.shared.commandline import leave_interrupts_to_main_thread
from edgecert.shared.errors import ChallengeError, PermissionDeniedError

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT: Final = 10.0
# More than every perspective of a CA at once for a hundred names; a flood beyond that waits in the backlog.
AT_ONCE: Final = 64
_BACKLOG: Final = 256


class ShortServer:
    """Listens between :meth:`open` and :meth:`close`; ``answer`` is given each connection and may fail with OSError."""

    def __init__(self, listen: str, challenge: str, answer: Callable[[socket.socket], None], way_out: str) -> None:
        """Listen on ``listen``: ``address:port``, an IPv6 address in brackets.

        ``way_out`` is the hint where another program has the port.
        """
        host, _, port = listen.rpartition(":")
        self._address = (host.strip("[]"), int(port))
        self._challenge = challenge
        self._answer = answer
        self._way_out = way_out
        self._server: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._open: dict[socket.socket, None] = {}  # the oldest first

    def open(self) -> None:
        """Listen, if it does not already.

        Raises:
            ChallengeError: ``listen-failed``.
            PermissionDeniedError: the port is one of those that only root may open.
        """
        if self._server is not None:
            return
        server = self._server = self._listen()
        name = f"acme-{self._challenge}"
        self._thread = threading.Thread(target=self._serve, args=(server, name), name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        server, thread = self._server, self._thread
        self._server = self._thread = None
        if server is None or thread is None:
            return
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)  # wakes accept() on Linux
        server.close()
        thread.join(TIMEOUT)

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
            raise self._failed(host, port, error) from error
        return server

    def _serve(self, server: socket.socket, name: str) -> None:
        leave_interrupts_to_main_thread()
        while True:
            try:
                connection, _ = server.accept()
            except OSError as error:
                if error.errno in (errno.ECONNABORTED, errno.EMFILE, errno.ENFILE):
                    time.sleep(0)  # the next one may do
                    continue
                return  # closed
            if not self._free.acquire(blocking=False):
                # A CA asks at once, and is not to be kept out by those who connect and say nothing.
                self._cut_oldest()
                self._free.acquire()
            with self._lock:
                self._open[connection] = None
            threading.Thread(target=self._one, args=(connection,), name=name, daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        try:
            with connection, contextlib.suppress(OSError):
                connection.settimeout(TIMEOUT)
                self._answer(connection)
        finally:
            with self._lock:
                self._open.pop(connection, None)
            self._free.release()

    def _cut_oldest(self) -> None:
        with self._lock:
            oldest = next(iter(self._open), None)
            if oldest is not None:
                del self._open[oldest]
                with contextlib.suppress(OSError):
                    oldest.shutdown(socket.SHUT_RDWR)  # wakes its thread, which closes it

    def _failed(self, host: str, port: int, error: OSError) -> ChallengeError | PermissionDeniedError:
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        message = f"edgecert cannot listen on {place} for {self._challenge}: {error.strerror or error}"
        if isinstance(error, PermissionError):
            hint = f"run it as root, give its service CAP_NET_BIND_SERVICE, or {self._way_out}"
            return PermissionDeniedError(message, hint=hint)
        hint = self._way_out if error.errno == errno.EADDRINUSE else "mend listen"
        return ChallengeError(message, code="listen-failed", hint=hint)
