"""Making a service read its files again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgecert.running import CommandError, run_command
from edgecert.shared.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgecert.running import Fault

_HINTS: Final[Mapping[Fault, str]] = {
    "not-run": "mend reload_command of this target",
    "too-slow": "raise reload_timeout, or see what it waits for",
    "failed": "run it by hand to see why; the previous files are back",
}


def run_reload(command: Sequence[str], timeout: float) -> None:
    """Run ``command``; see :func:`edgecert.running.run_command`.

    Raises:
        DeployError: ``reload-failed``, with what the command said.
    """
    try:
        run_command(command, timeout)
    except CommandError as error:
        message = f"the reload command {command[0]!r} {error}"
        raise DeployError(message, code="reload-failed", hint=_HINTS[error.fault]) from error
