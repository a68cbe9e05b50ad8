"""Lengths of time as people write them: ``90d``, ``30s``, ``12h``, ``5m``, ``2w``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

_SECONDS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PATTERN: Final = re.compile(r"([0-9]{1,9})([smhdw])")


def parse_duration(text: str) -> timedelta:
    """Give the length of time that ``text`` names: digits and a unit (s, m, h, d, w), without a sign or a blank.

    Raises:
        ValueError: ``text`` is not of that form; the message says what is expected.
    """
    match = _PATTERN.fullmatch(text)
    if match is None:
        message = f"{text!r} is no duration: write a number and a unit (s, m, h, d or w), such as 90d or 12h"
        raise ValueError(message)
    try:
        return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])
    except OverflowError as exc:
        message = f"{text!r} is longer than can be counted"
        raise ValueError(message) from exc


def format_duration(duration: timedelta) -> str:
    """Give ``duration`` in the largest unit up to days that loses nothing; ``parse_duration`` reads it back.

    Parts of a second are dropped.

    Raises:
        ValueError: ``duration`` is negative.
    """
    seconds = duration.days * _SECONDS["d"] + duration.seconds
    if seconds < 0:
        message = "a negative length of time has no written form"
        raise ValueError(message)
    unit = next(unit for unit in ("d", "h", "m", "s") if seconds % _SECONDS[unit] == 0)
    # Nothing at all divides by every unit and reads best as seconds.
    return f"{seconds // _SECONDS[unit]}{unit}" if seconds else "0s"
