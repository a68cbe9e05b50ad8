"""What can go wrong, whose fault it is, and the exit code that says so.

Every error of the two programs is an :class:`EdgecertError`. Its ``code`` is stable (scripts and ``edgecert explain``
rely on it), its message says what happened, its hint what to do.

* :class:`UsageError` (2): the command line is wrong
    * :class:`ConfigError` (2): a file is wrong; carries every problem of that file
* :class:`MaterialError` (1): a key, certificate or chain is not what it must be
* :class:`StoreError` (1): the state directory is damaged, too new, or lacks what was named
* :class:`PlanError` (1): the SAN plan has findings of severity error
* :class:`DeployError` (1): a target did not take the certificate
    * :class:`TargetNotRunningError` (1): nobody listens there
    * :class:`ControlError` (1): the gateway refused a call
* :class:`WaitingError` (5): a person has to act first
    * :class:`RecordsMissingError` (5): DNS records have to be published; carries them
* :class:`RefusedError` (6): the CA refused
    * :class:`NamesRefusedError` (6): it refused some of the names; carries them
* :class:`ChallengeError` (1): what the CA looks for could not be published
* :class:`NetworkError` (7): the network or the DNS failed
* :class:`LockedError` (8): another run holds the lock
* :class:`PermissionDeniedError` (9): the operating system or the policy does not allow it
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from edgecert.shared.printable import show_controls

if TYPE_CHECKING:
    from collections.abc import Sequence


class ExitCode(IntEnum):
    """The exit codes of ``edgecert`` and ``edgecert-gateway``."""

    OK = 0
    FAILED = 1
    USAGE = 2
    WARNING = 3
    CRITICAL = 4
    WAITING = 5
    REFUSED = 6
    NETWORK = 7
    LOCKED = 8
    PERMISSION = 9
    INTERRUPTED = 130


class EdgecertError(Exception):
    """An error with a stable code, a message for people and a hint that says what to do."""

    code: str = "failed"
    exit_code: ExitCode = ExitCode.FAILED

    def __init__(self, message: str, *, code: str = "", hint: str = "") -> None:
        """Keep ``message``; ``code`` overrides the class's code."""
        # Much of what is told was written by others: certificates, CAs, the DNS, partners.
        message = show_controls(message)
        super().__init__(message)
        self.message = message
        self.hint = show_controls(hint)
        if code:
            self.code = code


class UsageError(EdgecertError):
    """The command line cannot be obeyed as given."""

    code = "usage"
    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One thing that is wrong in a file: where, which key, what, and the nearest known key if there is one."""

    file: str
    line: int
    key: str
    message: str
    nearest: str = ""

    def __str__(self) -> str:  # type: ignore[explicit-override]  # its import is not worth it at every start
        """Give ``file:line: key: what``."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        hint = f" (did you mean {self.nearest}?)" if self.nearest else ""
        return f"{place}: {self.key}: {self.message}{hint}" if self.key else f"{place}: {self.message}{hint}"


class ConfigError(UsageError):
    """A configuration has problems; all of them are in :attr:`problems`."""

    code = "configuration"

    def __init__(self, problems: Sequence[ConfigProblem], *, hint: str = "") -> None:
        """Keep all ``problems`` (at least one)."""
        super().__init__("\n".join(str(problem) for problem in problems), hint=hint)
        self.problems = tuple(problems)


class MaterialError(EdgecertError):
    """A key, a certificate or a chain is not what it must be."""

    code = "material"


class StoreError(EdgecertError):
    """The state directory is damaged, too new, or lacks what was named."""

    code = "store"


class PlanError(EdgecertError):
    """The SAN plan has findings of severity error, so nothing was asked of a CA."""

    code = "plan"


class DeployError(EdgecertError):
    """A deploy target did not take the certificate; it serves what it served before."""

    code = "deploy"


class TargetNotRunningError(DeployError):
    """Nobody listens at the target."""

    code = "not-running"


class ControlError(DeployError):
    """The gateway answered a control call with an error; its code is kept."""

    code = "control"


class WaitingError(EdgecertError):
    """A person has to do something before the work can go on."""

    code = "waiting"
    exit_code = ExitCode.WAITING


class RecordsMissingError(WaitingError):
    """A person has to publish DNS records; ``records`` are lines of a zone file."""

    code = "records-missing"

    def __init__(self, message: str, records: Sequence[str], *, hint: str = "") -> None:
        """Keep the facts."""
        super().__init__(message, hint=hint)
        self.records = tuple(records)


class RefusedError(EdgecertError):
    """The CA refused; ``retry_after`` is for how many seconds it wants to be left alone, where it says so."""

    code = "refused"
    exit_code = ExitCode.REFUSED
    retry_after: float | None = None


class NamesRefusedError(RefusedError):
    """The CA refused some of the names; ``names`` are they, as planned."""

    names: tuple[str, ...] = ()


class ChallengeError(EdgecertError):
    """What an ACME CA looks for could not be published, or not be taken away again."""

    code = "challenge"


class NetworkError(EdgecertError):
    """The network or the DNS failed."""

    code = "network"
    exit_code = ExitCode.NETWORK


class LockedError(EdgecertError):
    """Another run holds the lock."""

    code = "locked"
    exit_code = ExitCode.LOCKED


class PermissionDeniedError(EdgecertError):
    """The operating system or the policy does not allow it."""

    code = "permission"
    exit_code = ExitCode.PERMISSION
