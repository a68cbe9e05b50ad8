"""Giving back to the system what the C library holds in free pieces."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def release_free_memory() -> bool:
    """Give whole free pages back to the system; False where the C library cannot be told to.

    Streams that rest free memory between memory that stays, and glibc by itself only gives back what lies at the end
    (malloc_trim(3)). It takes about a millisecond for a thousand streams.
    """
    trim = _trim()
    return trim is not None and bool(trim(0))


@cache
def _trim() -> Callable[[int], int] | None:
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None  # musl, and systems without a C library by that way
    return trim
