"""The audit log: one JSON line per change, who did what when, in files that rotate by size."""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING, Final

from edgecert.shared.atomic import PRIVATE_FILE, FileLock, crash_point, make_directory, sync_directory
from edgecert.shared.clock import format_time
from edgecert.shared.printable import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

MAX_OCTETS: Final = 1024 * 1024
KEPT_FILES: Final = 9
LOCK_SECONDS: Final = 10.0


class RotatedLog:
    """Lines in a file; when that would grow over its limit, it becomes ``….1``, the one before ``….2``, and so on."""

    def __init__(
        self, path: Path, lock_file: Path, *, max_octets: int = MAX_OCTETS, kept_files: int = KEPT_FILES
    ) -> None:
        """Write to ``path``; ``lock_file`` keeps processes from rotating at once."""
        self._path = path
        self._lock_file = lock_file
        self._max_octets = max_octets
        self._kept_files = kept_files

    def append(self, line: str) -> None:
        """Add ``line``, on the disk when this returns; a last line cut off by a crash is closed first.

        Raises:
            LockedError: another process kept the log for ten seconds.
        """
        data = line.encode() + b"\n"
        with FileLock(self._lock_file, LOCK_SECONDS, what="the audit log"):
            make_directory(self._path.parent)
            self._rotate(len(data))
            descriptor = os.open(
                self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE
            )
            try:
                size = os.fstat(descriptor).st_size
                if size and os.pread(descriptor, 1, size - 1) != b"\n":
                    data = b"\n" + data
                crash_point("log-opened")
                os.write(descriptor, data)
                crash_point("log-written")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _rotate(self, coming: int) -> None:
        if not self._path.exists() or self._path.stat().st_size + coming <= self._max_octets:
            return
        for number in range(self._kept_files - 1, 0, -1):
            older = self._numbered(number)
            if older.exists():
                older.replace(self._numbered(number + 1))
                crash_point("log-rotated")
        self._path.replace(self._numbered(1))
        crash_point("log-rotated")
        sync_directory(self._path.parent)

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def format_audit_line(
    event: str, lineage: str, fields: Mapping[str, str | int | bool], *, now: datetime, environ: Mapping[str, str]
) -> str:
    """Give one line of the audit log: time, event, lineage, user (and who used sudo), process, then ``fields``."""
    uid = os.geteuid()
    document: dict[str, str | int | bool] = {
        "time": format_time(now),
        "event": event,
        "lineage": lineage,
        "user": user_name(uid),
        "pid": os.getpid(),
    }
    if environ.get("SUDO_USER"):
        document["sudo_user"] = environ["SUDO_USER"]
    document.update({key: value for key, value in fields.items() if key not in document})
    return json_text(document)


def user_name(uid: int) -> str:
    """Give the name of a user, or ``#1234`` for one without."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"
