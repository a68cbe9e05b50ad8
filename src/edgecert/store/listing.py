"""Looking into directories that may not be there, and telling what the operating system refuses."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edgecert.shared.atomic import is_leftover
from edgecert.shared.errors import PermissionDeniedError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def translated(root: Path) -> Iterator[None]:
    """Turn what the operating system refuses into an error that says what to do."""
    try:
        yield
    except PermissionError as error:
        raise PermissionDeniedError(
            f"{error.filename or root} cannot be written: {error.strerror}",
            hint=f"run as the owner of {root}, or make it once as root: install -d -m 0700 -o USER {root}",
        ) from error
    except OSError as error:
        raise StoreError(
            f"{error.filename or root} cannot be written: {error.strerror or error}",
            code="store-write-failed",
            hint="make room or mend the disk; what was there before is as it was",
        ) from error


def read(path: Path) -> bytes | None:
    """Give the content of a file, or None if there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def entries(directory: Path) -> list[str]:
    """Give the names of all that is in a directory, sorted; none if there is no such directory."""
    try:
        return sorted(os.listdir(directory))  # noqa: PTH208  # names, not paths
    except (FileNotFoundError, NotADirectoryError):
        return []


def names(directory: Path) -> list[str]:
    """Give the names of the directories in a directory, sorted, hidden ones left out."""
    try:
        with os.scandir(directory) as found:
            return sorted(entry.name for entry in found if not entry.name.startswith(".") and entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []


class Leftovers:
    """What dead processes left in directories of many entries, listed anew only when those have changed."""

    def __init__(self) -> None:
        """Know nothing."""
        self._known: dict[Path, tuple[int, list[str]]] = {}

    def in_(self, directory: Path) -> list[str]:
        """Give the names of the leftovers in ``directory``."""
        try:
            changed_at = directory.stat().st_mtime_ns
        except OSError:
            return []
        known = self._known.get(directory)
        if known is None or known[0] != changed_at:
            known = changed_at, [entry for entry in entries(directory) if is_leftover(entry)]
            self._known[directory] = known
        return known[1]


def has_file(directory: Path, *names: str) -> bool:
    """Whether there is a file at ``names`` below ``directory``: for thousands of them, without a path object each."""
    return os.path.isfile("/".join((os.fspath(directory), *names)))  # noqa: PTH113


def has_entries(directory: Path) -> bool:
    """Whether anything is in a directory, beside leftovers."""
    return any(not is_leftover(entry) for entry in entries(directory))


def has_leftovers(directory: Path) -> bool:
    """Whether a leftover is in a directory."""
    return any(is_leftover(entry) for entry in entries(directory))
