"""Whether a person sits at a terminal, and where programs that show pages keep their colours."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def has_terminal(environ: Mapping[str, str], *, plain: bool = False) -> bool:
    """Whether a person sits at both streams, at a terminal that can show pages; with ``plain`` lines are enough."""
    smart = plain or environ.get("TERM", "dumb") not in ("", "dumb")
    return sys.stdin.isatty() and sys.stdout.isatty() and smart


def state_home(environ: Mapping[str, str]) -> Path:
    """Give where a person's programs keep what is no setting (XDG Base Directory Specification)."""
    home = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME") or "~").expanduser() / ".local" / "state")
    return Path(home) / "edgecert"
