"""Writing to disk so that a file is there whole or not at all, wherever the process dies.

The pattern is always the same: make the new thing aside under a name ``.….tmp``, flush it to the disk, rename it,
flush the directory. What a killed process leaves behind are entries with that kind of name, which :func:`is_leftover`
knows and :func:`sweep` takes away.

Every write step passes :func:`crash_point`. This is test instrumentation: with ``EDGECERT_TEST_CRASH_AT=LABEL:N`` in
the environment the process kills itself (SIGKILL, so nothing is flushed or cleaned up) when it passes that point for
the N-th time; the label ``*`` counts them all.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import time
from typing import TYPE_CHECKING, Final, Self

from edgecert.shared.errors import LockedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CRASH_VARIABLE: Final = "EDGECERT_TEST_CRASH_AT"
PRIVATE_FILE: Final = 0o600
PRIVATE_DIRECTORY: Final = 0o700
LOCK_POLL_SECONDS: Final = 0.05


# --- test instrumentation -------------------------------------------------------------------------------------------


class _CrashCounter:
    """Counts crash points and kills the process at the one it was armed for."""

    __slots__ = ("label", "left")

    def __init__(self) -> None:
        self.label = ""
        self.left = 0
        self.arm(os.environ.get(CRASH_VARIABLE, ""))

    def arm(self, text: str) -> None:
        label, _, number = text.rpartition(":")
        self.label, self.left = (label, int(number)) if label and number.isdecimal() else ("", 0)

    def passed(self, label: str) -> None:
        if self.left and self.label in ("*", label):
            self.left -= 1
            if not self.left:
                os.kill(os.getpid(), signal.SIGKILL)


_crash_counter: Final = _CrashCounter()


def crash_point(label: str) -> None:
    """Die here if a test asked for it (see the module's text); nothing otherwise."""
    _crash_counter.passed(label)


def arm_crash_point(text: str) -> None:
    """Arm the instrumentation as the environment variable would, for a test that forked.

    An empty ``text`` disarms it.
    """
    _crash_counter.arm(text)


# --- names of things in the making ----------------------------------------------------------------------------------


def aside(path: Path) -> Path:
    """Give a fresh name beside ``path`` for something in the making; :func:`is_leftover` knows it."""
    return path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")


def is_leftover(name: str) -> bool:
    """Whether ``name`` is one that :func:`aside` gives: in the making now, or left behind by a process that died."""
    return name.startswith(".") and name.endswith(".tmp")


def leftovers_of(path: Path) -> tuple[str, ...]:
    """Give the names of what dead processes left beside ``path`` when they wrote that."""
    try:
        names = os.listdir(path.parent)  # noqa: PTH208  # names, not paths
    except FileNotFoundError:
        return ()
    return tuple(sorted(name for name in names if is_leftover(name) and name.startswith(f".{path.name}.")))


def sweep(directory: Path) -> tuple[str, ...]:
    """Take away what dead processes left in ``directory`` (not below) and give the names.

    The caller holds the lock that guards it.
    """
    try:
        names = sorted(name for name in os.listdir(directory) if is_leftover(name))  # noqa: PTH208  # names, not paths
    except FileNotFoundError:
        return ()
    for name in names:
        _delete(directory / name)
    return tuple(names)


# --- writing --------------------------------------------------------------------------------------------------------


def sync_directory(path: Path) -> None:
    """Flush the entries of the directory ``path`` to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    crash_point("directory-synced")


def write_new(path: Path, data: bytes, mode: int = PRIVATE_FILE, owner: tuple[int, int] | None = None) -> None:
    """Write a file where nothing may be, into a directory that is itself still in the making (the caller flushes that).

    Raises:
        FileExistsError: something is there; it is as it was.
    """
    # O_EXCL and 0600 from the first moment: no one else can have made the file or have it open.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, PRIVATE_FILE)
    crash_point("file-made")
    try:
        # Without a buffered file around it, which asks the kernel three things more: where a busy event loop runs
        # beside this thread, each call is a chance to wait for it.
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        crash_point("file-written")
        if owner is not None:
            os.fchown(descriptor, *owner)
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    crash_point("file-synced")


@contextlib.contextmanager
def sweep_on_error(path: Path) -> Iterator[None]:
    """Take the file or directory ``path``, in the making inside the ``with``, away again if that fails."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            _delete(path)
        raise


def write_file(path: Path, data: bytes, mode: int = PRIVATE_FILE, owner: tuple[int, int] | None = None) -> None:
    """Put ``data`` at ``path`` in one step, replacing what is there.

    Until the rename the old file is there, after it the new one, with its final mode and ``owner`` (uid, gid).

    Raises:
        OSError: it could not be written; the old file is as it was.
    """
    temporary = aside(path)
    with sweep_on_error(temporary):
        write_new(temporary, data, mode, owner)
        temporary.rename(path)
    crash_point("file-renamed")
    sync_directory(path.parent)


def create_file(path: Path, data: bytes, mode: int = PRIVATE_FILE) -> None:
    """Put ``data`` at ``path`` in one step, only if nothing is there.

    Raises:
        FileExistsError: something is there; it is as it was.
    """
    temporary = aside(path)
    with sweep_on_error(temporary):
        write_new(temporary, data, mode)
        os.link(temporary, path)
    crash_point("file-linked")
    temporary.unlink()
    sync_directory(path.parent)


def replace_symlink(link: Path, target: str | Path) -> None:
    """Make ``link`` point to ``target`` in one step, whatever it pointed to before."""
    temporary = aside(link)
    with sweep_on_error(temporary):
        temporary.symlink_to(target)
        crash_point("symlink-made")
        temporary.rename(link)
    crash_point("symlink-renamed")
    sync_directory(link.parent)


def make_directory(path: Path, mode: int = PRIVATE_DIRECTORY) -> None:
    """Make the directory ``path`` and its missing parents, all with ``mode``; nothing happens if it is there.

    Raises:
        NotADirectoryError: something else is there.
    """
    if path.is_dir():
        return
    if path.parent != path:
        make_directory(path.parent, mode)
    try:
        path.mkdir(mode)
    except FileExistsError:
        if not path.is_dir():
            raise NotADirectoryError(f"{path} is no directory") from None
        return
    path.chmod(mode)  # the umask may have taken bits away
    crash_point("directory-made")
    sync_directory(path.parent)


def rename_directory(old: Path, new: Path) -> None:
    """Give the directory ``old`` the name ``new``, on the disk when this returns.

    Raises:
        FileExistsError: something with content is at ``new``.
    """
    try:
        old.rename(new)
    except OSError as error:
        if new.exists():
            raise FileExistsError(f"{new} is there already") from error
        raise
    crash_point("directory-renamed")
    sync_directory(new.parent)
    if old.parent != new.parent:
        sync_directory(old.parent)


def rename_file(old: Path, new: Path) -> None:
    """Put the file ``old`` in the place of ``new`` in the same directory, on the disk when this returns."""
    old.replace(new)
    crash_point("file-renamed")
    sync_directory(new.parent)


def remove_directory(path: Path) -> None:
    """Take the directory ``path`` away with all in it: gone as a whole at the rename, its content after it."""
    temporary = aside(path)
    rename_directory(path, temporary)
    _delete(temporary)


def remove_file(path: Path) -> None:
    """Take the file or symlink ``path`` away; nothing happens if it is not there."""
    path.unlink(missing_ok=True)
    crash_point("file-removed")
    sync_directory(path.parent)


def _delete(path: Path) -> None:
    crash_point("delete")
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    crash_point("deleted")
    sync_directory(path.parent)


# --- locks ----------------------------------------------------------------------------------------------------------


class FileLock:
    """An advisory lock on a file, for ``with``: one process of this host holds it, and it is gone when that process is.

    The file stays when the lock is given back (taking it away would let two hold the "same" lock); it holds the
    process id of who took it last. A lock is not re-entrant: a second one on the same file waits for the first, also
    in one process.
    """

    def __init__(self, path: Path, timeout: float = 0.0, *, what: str = "") -> None:
        """Guard ``path``; wait ``timeout`` seconds at most. ``what`` names the guarded thing in the error."""
        self._path = path
        self._timeout = timeout
        self._what = what or path.name
        self._descriptor = -1

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            LockedError: someone else held it all the time.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            self._wait(descriptor)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return self

    def __exit__(self, *_: object) -> None:
        """Give the lock back."""
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)

    def _wait(self, descriptor: int) -> None:
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise self._locked(descriptor) from None
                time.sleep(min(LOCK_POLL_SECONDS, left))
            else:
                return

    def _locked(self, descriptor: int) -> LockedError:
        holder = os.pread(descriptor, 32, 0).strip().decode("ascii", "replace")
        who = f"process {holder}" if holder.isdecimal() else "another process"
        return LockedError(
            f"{self._what} is being worked on by {who}",
            hint="wait until it is done; edgecert's --lock-timeout waits longer",
        )
