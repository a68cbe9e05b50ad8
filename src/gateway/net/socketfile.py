"""A listening UNIX socket as a file: made with its mode, never taken from a live program, gone at the end."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
from typing import TYPE_CHECKING, Final

from edgecert.shared.errors import LockedError, PermissionDeniedError

if TYPE_CHECKING:
    from pathlib import Path

BACKLOG: Final = 64
_PROBE_TIMEOUT: Final = 1.0


class SocketFile:
    """The listening socket at ``path``, with ``mode`` from its first moment.

    A lock beside it (``<path>.lock``) is held as long as the socket is open, so that of two gateways that start at once
    one gives way.
    """

    def __init__(self, path: Path, mode: int) -> None:
        """Name the place; nothing is made before :meth:`open`."""
        self._path = path
        self._mode = mode
        self._lock: int | None = None
        self._inode: int | None = None

    def open(self) -> socket.socket:
        """Give a listening, non-blocking socket at the path, in place of a file that a dead program left.

        Raises:
            LockedError: somebody listens there.
            PermissionDeniedError: the directory is not there or may not be written, or something else has that name.
        """
        try:
            self._take_lock()
            self._remove_stale()
            return self._listen()
        except OSError as error:
            self.close()
            hint = "make the directory for the gateway's user (RuntimeDirectory= does), or set other paths"
            raise PermissionDeniedError(f"{self._path}: {error.strerror or error}", code="socket", hint=hint) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Take the file away if it is still ours; the socket itself belongs to whoever :meth:`open` gave it to."""
        if self._inode is not None:
            try:
                status = self._path.lstat()
                if stat.S_ISSOCK(status.st_mode) and status.st_ino == self._inode:
                    self._path.unlink()
            except OSError:
                pass  # the directory may be gone before us (RuntimeDirectory=)
            self._inode = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take_lock(self) -> None:
        lock = self._path.with_name(f"{self._path.name}.lock")
        self._lock = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise self._in_use() from None

    def _remove_stale(self) -> None:
        try:
            mode = self._path.lstat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(mode):
            raise PermissionDeniedError(
                f"{self._path} is there and is no socket", code="socket", hint="take it away, or set another path"
            )
        if self._somebody_listens():
            raise self._in_use()
        self._path.unlink()

    def _somebody_listens(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(_PROBE_TIMEOUT)
            try:
                probe.connect(os.fspath(self._path))
            except ConnectionRefusedError:
                return False
            except TimeoutError:
                return True
        return True

    def _listen(self) -> socket.socket:
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        try:
            # unix(7), Linux: the file is made with the socket's own mode less the umask, so it is never wider than
            # asked for.
            os.fchmod(server.fileno(), self._mode)
            server.bind(os.fspath(self._path))
            self._inode = self._path.lstat().st_ino
            self._path.chmod(self._mode)  # what the umask took
            server.listen(BACKLOG)
        except BaseException:
            server.close()
            raise
        return server

    def _in_use(self) -> LockedError:
        return LockedError(
            f"another gateway listens at {self._path}", code="socket-in-use", hint="stop it first, or set another path"
        )
