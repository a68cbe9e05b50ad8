"""``renew --watch``: the same run again and again, when something is due, as a service of systemd or of any other."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from edgecert.shared import sdnotify
from edgecert.shared.clock import format_time
from edgecert.shared.errors import EdgecertError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime
    from types import FrameType

    from edgecert.cli.context import CliContext
    from edgecert.lifecycle.renew import RenewResult

SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(hours=1)
"""However far away the next date is: what other commands did meanwhile is seen within an hour."""


@dataclass
class Watch:
    """Runs ``look`` until SIGTERM or Ctrl-C, at once after SIGHUP; ``soonest`` says when something is due next."""

    context: CliContext
    look: Callable[[], Iterator[RenewResult]]
    tell: Callable[[RenewResult], None]
    finish: Callable[[list[RenewResult]], None]
    soonest: Callable[[Iterable[str]], datetime | None]
    _again: bool = field(default=False, init=False)

    def run(self) -> ExitCode:
        """Watch; 0 when it was told to end."""
        before = signal.signal(signal.SIGHUP, self._on_hangup)
        try:
            self._notify(sdnotify.READY)
            while True:
                self._pass()
        except KeyboardInterrupt:
            self._notify(sdnotify.STOPPING)
            self.context.output.step("told to end")
            return ExitCode.OK
        finally:
            signal.signal(signal.SIGHUP, before)

    def _pass(self) -> None:
        """Look once, then wait until something is due, or somebody says so."""
        results: list[RenewResult] = []
        try:
            for result in self.look():
                self._notify(sdnotify.WATCHDOG)
                results.append(result)
                if result.action != "not-due":
                    self.tell(result)
            self.finish(results)
        except EdgecertError as error:
            # A store that cannot be read now may be mended without a restart.
            self.context.output.warn(error.code, error.message)
        now = self.context.clock.now()
        soonest = self.soonest([result.name for result in results]) or now
        until = min(max(soonest, now + SHORTEST), now + LONGEST)
        failed = sum(result.error is not None for result in results)
        trouble = f", {failed} with errors" if failed else ""
        self._notify(sdnotify.status(f"{len(results)} certificates{trouble}; looks again at {format_time(until)}"))
        self.context.output.detail(f"looks again at {format_time(until)}")
        self._wait((until - now).total_seconds())

    def _wait(self, seconds: float) -> None:
        end = self.context.clock.monotonic() + seconds
        step = sdnotify.watchdog_interval(self.context.environ, os.getpid())
        # Blocked only while it is waited for: the programs that a renewal runs inherit what is blocked.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        try:
            while not self._again and (left := end - self.context.clock.monotonic()) > 0:
                if signal.sigtimedwait({signal.SIGHUP}, left if step is None else min(left, step)) is not None:
                    break
                self._notify(sdnotify.WATCHDOG)
        finally:
            self._again = False
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})

    def _notify(self, state: str) -> None:
        sdnotify.notify(state, self.context.environ)

    def _on_hangup(self, _number: int, _frame: FrameType | None) -> None:
        self._again = True
