"""Waiting for what has no event of its own: bounded, and named when it does not come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


async def eventually(condition: Callable[[], object], *, limit: float = 60.0) -> None:
    """Come back as soon as ``condition`` holds; ``TimeoutError`` if it does not within ``limit`` seconds."""
    async with asyncio.timeout(limit):
        while not condition():  # noqa: ASYNC110  # what is waited for knows no event
            await asyncio.sleep(0.005)
