"""The one thread for work that waits for the disk."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """Runs one piece of blocking work at a time, in order, outside the event loop."""

    def __init__(self) -> None:
        """Start the thread with the first piece of work."""
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Give what ``work`` gives, or raise what it raises. A caller that is cancelled does not stop it."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, lambda: work(*args, **kwargs))

    def close(self) -> None:
        """Wait for the last piece of work and end the thread."""
        self._executor.shutdown()
