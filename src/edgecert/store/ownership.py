"""Whose state directory it is: it is opened by its owner alone, and root is led into no one's trap."""

from __future__ import annotations

import os
import shlex
import stat
from typing import TYPE_CHECKING

from edgecert.shared.errors import PermissionDeniedError
from edgecert.shared.privateplaces import OTHERS_WRITE, ensure_private_parent
from edgecert.store.audit import user_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def verify_owner(root: Path, command: Sequence[str]) -> bool:
    """Verify that we are the user whose state directory ``root`` is; False if there is none yet.

    ``command`` is how to say again what was asked, for the hint.

    Raises:
        PermissionDeniedError: ``wrong-user`` for another's directory, ``unsafe-directory`` where others can write,
            ``permission`` when it cannot even be looked at.
    """
    ensure_private_parent(root)
    try:
        status = root.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError as error:
        raise PermissionDeniedError(
            f"the state directory {root} cannot be looked at: {error.strerror}",
            hint="run as the user it belongs to (on most hosts: sudo -u edgecert …), or choose one with --state-dir",
        ) from error
    if status.st_uid != os.geteuid():
        owner = user_name(status.st_uid)
        raise PermissionDeniedError(
            f"the state directory {root} belongs to {owner}, and this runs as {user_name(os.geteuid())}",
            code="wrong-user",
            hint=f"run: sudo -u {shlex.quote(owner)} {_spell(command)}",
        )
    if status.st_mode & OTHERS_WRITE:
        raise PermissionDeniedError(
            f"others can write in the state directory {root} (mode {stat.S_IMODE(status.st_mode):04o})",
            code="unsafe-directory",
            hint=f"look at what is in it, then: chmod 0700 {shlex.quote(str(root))}",
        )
    return True


def _spell(command: Sequence[str]) -> str:
    return " ".join(word if word == "…" else shlex.quote(word) for word in command)
