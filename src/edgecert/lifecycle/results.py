"""What deploying came to: per target, for a date, and as one error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgecert.interfaces import TargetVerdict
from edgecert.shared.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.interfaces import Deployment, Verification
    from edgecert.shared.bundle import BundleMeta
    from edgecert.shared.errors import EdgecertError


@dataclass(frozen=True, slots=True)
class TargetResult:
    """What a deployment came to at one target."""

    deployment: Deployment
    wanted: BundleMeta
    elapsed_ms: int
    failed: bool
    verification: Verification | None = None
    error: EdgecertError | None = None

    @property
    def ok(self) -> bool:
        """Whether the target serves what is wanted, as far as could be seen."""
        return not self.deployment.open and self.deployment.verdict in {TargetVerdict.SAME, TargetVerdict.UNVERIFIED}


@dataclass(frozen=True, slots=True)
class Staging:
    """Who changes over by itself at the date, and the first refusal of one that could have."""

    handed: tuple[str, ...]
    error: EdgecertError | None = None


def first_failure(results: Sequence[TargetResult]) -> DeployError | None:
    """Give one error that names every target that failed, or None when none did.

    One failure alone keeps its own code; the exit code is that of the worst.
    """
    broken = [entry for entry in results if entry.failed]
    if not broken:
        return None
    message = "; ".join(f"{entry.deployment.target}: {entry.deployment.last_error}" for entry in broken)
    errors = [entry.error for entry in broken if entry.error is not None]
    hint = "the other targets are not touched; the next renew or apply tries again"
    if len(broken) == 1 and errors:
        failure = DeployError(message, code=errors[0].code, hint=errors[0].hint or hint)
    else:
        failure = DeployError(message, hint=hint)
    failure.exit_code = max((error.exit_code for error in errors), default=failure.exit_code)
    return failure
