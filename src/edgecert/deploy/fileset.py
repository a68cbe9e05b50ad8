"""A few files in one directory that change together or not at all."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgecert.shared.atomic import is_leftover, remove_file, replace_symlink, write_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Owner = tuple[int, int]


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be written: its name in the directory, content and mode."""

    name: str
    data: bytes
    mode: int


@dataclass(frozen=True, slots=True)
class _Absent:
    """There was nothing."""


@dataclass(frozen=True, slots=True)
class _Link:
    """There was a symbolic link."""

    target: str


@dataclass(frozen=True, slots=True)
class _Content:
    """There was a file."""

    data: bytes
    mode: int
    owner: Owner


Previous = _Absent | _Link | _Content


class FileSet:
    """Writes ``files`` into ``directory`` and can put back what was there before."""

    def __init__(self, directory: Path, files: Sequence[NewFile], owner: Owner | None) -> None:
        """Remember what is there now.

        Raises:
            OSError: one of the places is neither a file nor a link, or may not be read.
        """
        self._directory = directory
        self._files = tuple(files)
        self._owner = owner
        self._previous = {file.name: _look(directory / file.name) for file in files}

    def write(self) -> None:
        """Write all files, each by a rename; take away what runs that died left of them.

        Raises:
            OSError: one could not be written; :meth:`restore` puts the others back.
        """
        self._sweep()
        for file in self._files:
            write_file(self._directory / file.name, file.data, file.mode, self._owner)

    def restore(self) -> None:
        """Put back what was there.

        Raises:
            OSError: it could not be.
        """
        for name, previous in self._previous.items():
            _put_back(self._directory / name, previous)

    def _sweep(self) -> None:
        own = tuple(f".{file.name}." for file in self._files)
        for entry in self._directory.iterdir():
            if entry.name.startswith(own) and is_leftover(entry.name):
                remove_file(entry)


def _look(path: Path) -> Previous:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return _Absent()
    if stat.S_ISLNK(status.st_mode):
        return _Link(os.readlink(path))  # noqa: PTH115  # the text itself, to be written back as it was
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "neither a file nor a link", str(path))  # a pipe would be waited for without end
    return _Content(path.read_bytes(), stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid))


def _put_back(path: Path, previous: Previous) -> None:
    match previous:
        case _Absent():
            remove_file(path)
        case _Link(target=target):
            replace_symlink(path, target)
        case _Content(data=data, mode=mode, owner=owner):
            write_file(path, data, mode, owner)
