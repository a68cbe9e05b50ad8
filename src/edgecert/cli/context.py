"""What a verb runs with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from edgecert.shared.clock import Clock
    from edgecert.shared.output import Output


@dataclass(frozen=True, slots=True)
class CliContext:
    """What a verb runs with."""

    args: argparse.Namespace
    output: Output
    environ: Mapping[str, str]
    clock: Clock
    argv: tuple[str, ...] = ()
    """The command line as it was given, the program's name left out."""

    @property
    def lock_timeout(self) -> float:
        """How many seconds to wait for another run's lock."""
        return float(vars(self.args).get("lock_timeout", 10.0))

    @property
    def dry_run(self) -> bool:
        """Whether nothing may be changed."""
        return bool(vars(self.args).get("dry_run", False))

    @property
    def yes(self) -> bool:
        """Whether questions were answered beforehand."""
        return bool(vars(self.args).get("yes", False))
