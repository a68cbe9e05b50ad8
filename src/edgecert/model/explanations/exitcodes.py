"""What each exit code of the two programs says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgecert.shared.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping

EXIT_CODES: Final[Mapping[ExitCode, str]] = {
    ExitCode.OK: "done, or there was nothing to do",
    ExitCode.FAILED: "failed: the message says what, and what state things are in",
    ExitCode.USAGE: "the command line or a configuration file is wrong; nothing was done",
    ExitCode.WARNING: "check: something deserves attention",
    ExitCode.CRITICAL: "check: something is broken or about to be",
    ExitCode.WAITING: "a person has something to do first, such as carrying a request to a CA",
    ExitCode.REFUSED: "the CA refused",
    ExitCode.NETWORK: "the network or the DNS failed; trying again later may help",
    ExitCode.LOCKED: "another run holds the lock",
    ExitCode.PERMISSION: "the operating system or the policy does not allow it",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C or SIGTERM",
}
"""In ascending order; of several lineages the worst of 1, 6, 7, 8, 9 wins."""
