"""Files of one directory, read through one descriptor; and the private key among them, in the clear or wrapped."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from edgecert.shared.atomic import write_new
from edgecert.shared.errors import MaterialError, StoreError
from edgecert.shared.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edgecert.shared.keywrap import KeyWrapper

KEY_FILE: Final = "key.pem"
WRAPPED_KEY_FILE: Final = "key.wrapped"
FILE_LIMIT: Final = 1024 * 1024


@contextmanager
def open_directory(path: Path) -> Iterator[int]:
    """Hold the directory ``path`` open (a symlink is followed once, here); give its descriptor for :func:`read_file`.

    Raises:
        StoreError: code ``no-such-generation``: there is none.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise StoreError(f"there is nothing at {path}", code="no-such-generation") from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def read_file(directory: int, name: str) -> bytes:
    """Give the content of the file ``name`` in the open ``directory``; symlinks are not followed.

    Raises:
        OSError: it is not there, is no plain file, or is over a mebibyte.
    """
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    with open(descriptor, "rb", closefd=True) as file:  # noqa: PTH123  # a descriptor, not a path
        data = file.read(FILE_LIMIT + 1)
    if len(data) > FILE_LIMIT:
        raise OSError(errno.EFBIG, f"{name} is over {FILE_LIMIT} octets")
    return data


def write_key(directory: Path, key: Secret, wrapper: KeyWrapper | None, spki: str) -> None:
    """Keep ``key`` in ``directory`` (still in the making), mode 0600.

    Wrapped if there is a ``wrapper``, else in the clear.
    """
    if wrapper is None:
        write_new(directory / KEY_FILE, key.reveal())
    else:
        write_new(directory / WRAPPED_KEY_FILE, wrapper.wrap(key, spki))


def read_key(directory: int, wrapper: KeyWrapper | None, spki: str, path: Path) -> Secret:
    """Give the key in the open ``directory``, unwrapped if it is wrapped; ``path`` is for the error.

    Raises:
        StoreError: code ``bundle-damaged``: there is no key.
        MaterialError: ``kek-missing`` when the key is wrapped and ``wrapper`` is None; ``key-unwrap-failed``.
    """
    try:
        return Secret(read_file(directory, KEY_FILE))
    except FileNotFoundError:
        pass
    try:
        blob = read_file(directory, WRAPPED_KEY_FILE)
    except FileNotFoundError:
        raise damaged(path, "it holds no key") from None
    if wrapper is None:
        raise MaterialError(f"the key in {path} is wrapped, and there is no key-encryption key", code="kek-missing")
    return wrapper.unwrap(blob, spki)


def damaged(path: Path, what: str) -> StoreError:
    """Give the error for a directory ``path`` whose content is not what was written there."""
    return StoreError(
        f"{path} is damaged: {what}",
        code="bundle-damaged",
        hint="restore this directory from your backup, or issue anew",
    )
