"""Making a service read its files again: an argument list run without a shell, with an end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import TYPE_CHECKING, Final

from edgecert.shared.errors import DeployError
from edgecert.shared.logs import scrub

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOLD_LINES: Final = 3
_TOLD_CHARACTERS: Final = 400


def run_reload(command: Sequence[str], timeout: float) -> None:
    """Run ``command`` and wait ``timeout`` seconds for it; then it is killed with everything it started.

    Raises:
        DeployError: ``reload-failed``, with what the command said.
    """
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
    except OSError as error:
        message = f"the reload command {command[0]!r} cannot be run: {error.strerror or error}"
        raise DeployError(message, code="reload-failed", hint="mend reload_command of this target") from error
    with process:
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            _kill(process)
            message = f"the reload command {command[0]!r} was not done after {timeout:g} s and was killed"
            raise DeployError(
                message, code="reload-failed", hint="raise reload_timeout, or see what it waits for"
            ) from None
    if process.returncode != 0:
        raise DeployError(
            f"the reload command {command[0]!r} ended with {_describe(process.returncode)}{_tail(output)}",
            code="reload-failed",
            hint="run it by hand to see why; the previous files are back",
        )


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # its own session: the group is the command and what it started
    if process.stdout is not None:
        process.stdout.close()


def _describe(returncode: int) -> str:
    return f"exit code {returncode}" if returncode > 0 else f"signal {-returncode}"


def _tail(output: bytes) -> str:
    lines = [line.strip() for line in scrub(output.decode("utf-8", "replace")).splitlines() if line.strip()]
    return f": {' / '.join(lines[-_TOLD_LINES:])[-_TOLD_CHARACTERS:]}" if lines else ""
