"""Where root may write: in no place that another user can exchange for another one."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from edgecert.shared.errors import PermissionDeniedError, StoreError

SYMLINK_LIMIT: Final = 40  # what Linux follows before ELOOP
OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


def ensure_private_parent(path: Path) -> None:
    """Verify, if we are root, that no other user can put something in the way of ``path``.

    Every directory above ``path``, also behind symbolic links, has to belong to root and be writable by root alone. A
    directory with the sticky bit, as ``/tmp``, is accepted when the next step on the way is root's or not there yet:
    nobody else can move that. For any other user than root nothing is checked: a service's own user can only harm
    what it may write anyway.

    Raises:
        PermissionDeniedError: code ``unsafe-directory``; names the directory and who can write there.
    """
    if os.geteuid() == 0:
        verify_private_parent(path, 0)


def verify_private_parent(path: Path, uid: int) -> None:
    """Verify that only root and ``uid`` can put something in the way of ``path``; see :func:`ensure_private_parent`.

    Raises:
        PermissionDeniedError: code ``unsafe-directory``.
        StoreError: code ``symlink-loop``.
    """
    trusted = (0, uid)
    here = Path("/")
    status = here.stat()
    waiting = list(reversed(Path(os.path.abspath(path)).parts[1:]))  # noqa: PTH100  # ".." goes, links stay
    links = 0
    while waiting:
        _verify_directory(here, status, trusted)
        step = here / waiting.pop()
        try:
            found = step.lstat()
        except FileNotFoundError:
            return
        if status.st_mode & stat.S_ISVTX and found.st_uid not in trusted:
            raise _unsafe(step, f"belongs to uid {found.st_uid}")
        if stat.S_ISLNK(found.st_mode):
            links += 1
            if links > SYMLINK_LIMIT:
                raise StoreError(f"{path} leads through too many symbolic links", code="symlink-loop")
            target = Path(os.path.normpath(here / step.readlink()))
            waiting.extend(reversed(target.parts[1:]))
            here = Path("/")
            status = here.stat()
        else:
            here, status = step, found


def _verify_directory(path: Path, status: os.stat_result, trusted: tuple[int, ...]) -> None:
    if status.st_uid not in trusted:
        raise _unsafe(path, f"belongs to uid {status.st_uid}")
    if status.st_mode & OTHERS_WRITE and not status.st_mode & stat.S_ISVTX:
        raise _unsafe(path, f"has mode {stat.S_IMODE(status.st_mode):04o}")


def _unsafe(path: Path, why: str) -> PermissionDeniedError:
    return PermissionDeniedError(
        f"{path} {why}: another user could put something else there, so root does not write below it",
        code="unsafe-directory",
        hint="run as that user, or use a directory below ones that belong to root and only root can write (chmod go-w)",
    )
