"""Telling people: a program of theirs gets a JSON document on its standard input."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.interfaces import Progress
    from edgecert.shared.jsonvalue import JsonObject

TIMEOUT: Final = 30.0


class CommandNotifier:
    """Implements :class:`edgecert.interfaces.Notifier` by running the command without a shell, for 30 s at most."""

    def __init__(self, progress: Progress) -> None:
        """Say on ``progress`` what goes wrong."""
        self._progress = progress

    def notify(self, command: Sequence[str], document: JsonObject) -> None:
        """Run ``command`` with ``document`` on its standard input; what goes wrong is a warning, nothing more."""
        text = json.dumps({"schema": "edgecert/1", **document}) + "\n"
        try:
            done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=TIMEOUT, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            self._progress.warn("notify-failed", f"the notify command cannot be run: {error}", command[0])
            return
        if done.returncode != 0:
            self._progress.warn("notify-failed", f"the notify command ended with {done.returncode}", command[0])
