"""Programs of the administrator's: an argument list run without a shell, with an end, and its last words."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from typing import IO, TYPE_CHECKING, Final, Literal

from edgecert.shared.logs import scrub

if TYPE_CHECKING:
    from collections.abc import Sequence

    Fault = Literal["not-run", "too-slow", "failed"]

_READ: Final = 8192
_TOLD_LINES: Final = 3
_TOLD_CHARACTERS: Final = 400


class CommandError(Exception):
    """A command did not do its work; the text goes on after the command's name."""

    def __init__(self, fault: Fault, text: str) -> None:
        """Keep which ``fault`` it is."""
        super().__init__(text)
        self.fault = fault


def run_command(command: Sequence[str], timeout: float) -> None:
    """Run ``command`` and wait ``timeout`` seconds for it; then it is killed with everything it started.

    It has a session of its own: Ctrl-C is for us, and kills it as a whole. What it says goes to a file, so that neither
    much of it nor a daemon that it leaves behind can keep us.

    Raises:
        CommandError: with what the command said last.
    """
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        except OSError as error:
            raise CommandError("not-run", f"cannot be run: {error.strerror or error}") from error
        with process:
            try:
                process.wait(timeout)
            except subprocess.TimeoutExpired:
                _kill(process)
                text = f"was not done after {timeout:g} s and was killed{_last_words(output)}"
                raise CommandError("too-slow", text) from None
            except BaseException:
                _kill(process)
                raise
        if process.returncode:
            raise CommandError("failed", f"ended with {_describe(process.returncode)}{_last_words(output)}")


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # its own session: the group is the command and what it started


def _describe(returncode: int) -> str:
    return f"exit code {returncode}" if returncode > 0 else f"signal {-returncode}"


def _last_words(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _READ))
    text = scrub(output.read(_READ).decode("utf-8", "replace"))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f": {' / '.join(lines[-_TOLD_LINES:])[-_TOLD_CHARACTERS:]}" if lines else ""
