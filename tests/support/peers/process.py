"""A peer's process: started, waited for until it listens, stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PATIENCE: Final = 30.0


class PeerError(Exception):
    """A peer did not come up; the text has its last words."""


@dataclass
class PeerProcess:
    """One server and whatever it starts, in a process group of its own; what it prints goes to ``log``."""

    command: Sequence[str]
    environ: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self, address: str, port: int = 5269, *further: int) -> None:
        """Start it and wait until it accepts connections, on every port that is named.

        Raises:
            PeerError: it ended, or did not listen in time.
        """
        with self.log.open("wb") as file:
            self.process = subprocess.Popen(
                list(self.command), env=dict(self.environ), stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + PATIENCE
        while not all(_listens(address, each) for each in (port, *further)):
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                message = f"{self.command[0]} does not listen on {address}:{port}\n{self.last_words()}"
                raise PeerError(message)
            time.sleep(0.05)  # nobody tells when a foreign server listens

    def last_words(self) -> str:
        """Give the end of what it printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-3000:] if self.log.exists() else ""

    def signal(self, number: signal.Signals) -> None:
        """Send the server a signal."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def stop(self) -> None:
        """End it and everything it started."""
        if self.process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                break
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                continue
        self.process.wait()


def _listens(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True
