"""The secret of server dialback: a file that nodes of one domain share, or one made on first use."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgecert.shared.atomic import create_file
from edgecert.shared.configfile import read_secret_file

if TYPE_CHECKING:
    from edgecert.shared.secret import Secret

logger = logging.getLogger(__name__)

SECRET_SIZE: Final = 32
FILE_NAME: Final = "dialback.secret"


def load_dialback_secret(named: str, state_dir: str) -> Secret:
    """Give the secret of the file ``named`` (``dialback_secret_file``); if none is, of a file in the state directory.

    The latter is made when it is not there: every node that answers for a domain must know it, so that a site with
    several names a shared file.

    Raises:
        PermissionDeniedError: the file is open to others, or closed to us.
        UsageError: the file that is named is not there or empty.
    """
    if named:
        return read_secret_file(Path(named))
    path = Path(state_dir) / FILE_NAME
    if not path.exists():
        create_file(path, secrets.token_hex(SECRET_SIZE).encode() + b"\n")
        logger.info("dialback secret made", extra={"path": str(path)})
    return read_secret_file(path)
