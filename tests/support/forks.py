"""Running a piece of work in a forked child that may be killed at a write step."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from typing import TYPE_CHECKING

from edgecert.shared.atomic import arm_crash_point

if TYPE_CHECKING:
    from collections.abc import Callable


def run_forked(work: Callable[[], object], *, crash_at: str = "") -> int:
    """Do ``work`` in a child, killed at the crash point ``crash_at``; give its exit code, negative for a signal.

    An exception in the child is printed and makes the exit code 70.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        # A test runner's own threads are idle here, and the child touches none of their locks.
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        child = os.fork()
    if not child:
        code = 70
        try:
            arm_crash_point(crash_at)
            work()
            code = 0
        except BaseException:  # noqa: BLE001  # the child ends here, whatever it was
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
