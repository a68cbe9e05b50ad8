"""Real programs under test: started, waited for, stopped; what they say is kept in a file and shown when they fail."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

START_TIMEOUT = 30.0
STOP_TIMEOUT = 20.0
_STEP = 0.02


def script(name: str) -> str:
    """Give the path of a console script of the environment that runs the tests."""
    return str(Path(sys.executable).with_name(name))


def wait_until(condition: Callable[[], bool], *, what: str, timeout: float = START_TIMEOUT) -> None:
    """Wait until ``condition`` holds.

    Raises:
        TimeoutError: it did not, naming ``what``.
    """
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            message = f"waited {timeout:g} s in vain: {what}"
            raise TimeoutError(message)
        time.sleep(_STEP)


@dataclass(slots=True)
class Program:
    """A program that stays: in its own process group, so that all it starts ends with it."""

    argv: Sequence[str]
    log: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    _process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._running.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def output(self) -> str:
        """What it has said, on either stream."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            message = f"{self.argv[0]} was not started"
            raise RuntimeError(message)
        return self._process

    def start(self) -> Self:
        """Start it; its output is added to :attr:`log`."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                list(self.argv),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environ},
                cwd=self.cwd,
                start_new_session=True,
            )
        return self

    def wait_until(self, condition: Callable[[], bool], *, what: str, timeout: float = START_TIMEOUT) -> None:
        """Wait until ``condition`` holds.

        Raises:
            RuntimeError: the program ended instead; with what it said.
            TimeoutError: it did not come to hold; with what it said.
        """

        def holds() -> bool:
            if not self.alive:
                message = f"{self.argv[0]} ended before {what}:\n{self.output}"
                raise RuntimeError(message)
            return condition()

        try:
            wait_until(holds, what=what, timeout=timeout)
        except TimeoutError as error:
            message = f"{error}\n{self.output}"
            raise TimeoutError(message) from None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._running.send_signal(number)

    def wait(self, timeout: float = STOP_TIMEOUT) -> int:
        """Wait for its end and give its exit code (negative: the signal that killed it)."""
        return self._running.wait(timeout)

    def stop(self, timeout: float = STOP_TIMEOUT) -> int:
        """Ask it to end (SIGTERM), insist after ``timeout``, and give its exit code."""
        process = self._running
        if process.poll() is None:
            process.terminate()
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            return self.kill()
        finally:
            self._end_group()

    def kill(self) -> int:
        """End it and all it started at once (SIGKILL)."""
        self._end_group()
        return self._running.wait(STOP_TIMEOUT)

    def _end_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._running.pid, signal.SIGKILL)  # the group is ours: start_new_session

    def __enter__(self) -> Self:
        """Start it."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it; show what it said if the context failed."""
        self.stop()
        if kind is not None:
            sys.stderr.write(f"--- {self.log}\n{self.output}\n")


@dataclass(frozen=True, slots=True)
class Result:
    """What a command that ended came to."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:  # any JSON: its shape is what the tests assert
        """The JSON document that it printed."""
        return json.loads(self.stdout)


def run(argv: Sequence[str], *, environ: Mapping[str, str] | None = None, timeout: float = 60.0) -> Result:
    """Run a command to its end."""
    done = subprocess.run(
        list(argv),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
        env={**os.environ, **(environ or {})},
    )
    return Result(done.returncode, done.stdout, done.stderr)
