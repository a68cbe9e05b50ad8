"""The same call for many things at once, on threads that are gone when it returns."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

from edgecert.shared.commandline import leave_interrupts_to_main_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

THREADS: Final = 8

T = TypeVar("T")
R = TypeVar("R")


def each(function: Callable[[T], R], things: Sequence[T]) -> list[R]:
    """Give ``function`` of each of ``things``, in their order; the first exception ends it."""
    if len(things) <= 1:
        return [function(thing) for thing in things]
    pool = ThreadPoolExecutor(min(THREADS, len(things)), "acme", leave_interrupts_to_main_thread)
    try:
        return list(pool.map(function, things))
    finally:
        pool.shutdown(cancel_futures=True)
