"""A summary of when each lineage needs attention next: what did not change since is passed by with two looks at it.

Every change of a lineage renames something in its directory, and every new request makes one in that of its requests;
so the times of these two directories tell whether the summary still holds. It may be deleted at any time.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from edgecert.interfaces import Seen
from edgecert.shared.atomic import write_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgecert.shared.clock import Clock
    from edgecert.store.layout import Layout

FORMAT: Final = 1
SETTLED: Final = 2.0
"""Seconds after a change before it is trusted that no other one carries the same time."""


# Of a lineage: when its directory, that of its requests and its flags file changed (ns), when that was noted, when it
# needs attention, is due, ends (s), and the flags file. Read as it stands: ten thousand are, and few are asked for.
_Values: TypeAlias = list[float | str]
_ATTEND_AT: Final = 4
_LENGTH: Final = 8


class ScanIndex:
    """Implements :class:`edgecert.interfaces.ScanRecords` in one file of the state directory."""

    def __init__(self, layout: Layout, clock: Clock) -> None:
        """Use the file that ``layout`` names; it is read at the first question."""
        self._layout = layout
        self._clock = clock
        self._certificates = os.fspath(layout.certificates)
        self._requests = os.fspath(layout.requests)
        self._known: dict[str, _Values] | None = None
        self._changed = False

    def find(self, name: str) -> Seen | None:
        """Give what was found of ``name``, or None if anything of it, or its flags file, has changed since."""
        values = self._entries.get(name)
        if values is None or not self.is_unchanged(name):
            return None
        *_, attend_at, due_at, not_after, flags_file = values
        return Seen(_time(attend_at), _time(due_at), _time(not_after), str(flags_file))

    def is_unchanged(self, name: str) -> bool:
        """Whether what was noted of ``name`` still holds."""
        values = self._entries.get(name)
        if values is None:
            return False
        lineage, requests, flags, noted_at = values[0], values[1], values[2], values[3]
        if self._stamp(name, str(values[7])) != (lineage, requests, flags):
            return False
        return max(int(lineage), int(requests), int(flags)) / 1e9 + SETTLED <= float(noted_at)

    def note(self, name: str, seen: Seen | None) -> None:
        """Keep what was found of ``name``; None: it has to be looked at again."""
        if seen is not None:
            times = (time.timestamp() for time in (seen.attend_at, seen.due_at, seen.not_after))
            stamp = self._stamp(name, seen.flags_file)
            self._entries[name] = [*stamp, self._clock.now().timestamp(), *times, seen.flags_file]
            self._changed = True
        elif self._entries.pop(name, None) is not None:
            self._changed = True

    def soonest(self, names: Iterable[str]) -> datetime | None:
        """Give when the first of ``names`` needs attention; None if one of them does so at every run, or of none."""
        found = [self._entries.get(name) for name in names]
        times = [float(values[_ATTEND_AT]) for values in found if values is not None]
        return _time(min(times)) if times and len(times) == len(found) else None

    def save(self) -> None:
        """Write the file if anything was noted."""
        if not self._changed or not self._layout.format_file.exists():
            return
        with suppress(OSError):
            write_file(self._layout.scan_file, json.dumps({"format": FORMAT, "lineages": self._entries}).encode())
        self._changed = False

    @property
    def _entries(self) -> dict[str, _Values]:
        if self._known is None:
            self._known = self._load()
        return self._known

    def _load(self) -> dict[str, _Values]:
        try:
            document = json.loads(self._layout.scan_file.read_bytes())
            if document["format"] != FORMAT:
                return {}
            return {name: values for name, values in document["lineages"].items() if _is_entry(values)}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _stamp(self, name: str, flags_file: str) -> tuple[int, int, int]:
        return (
            _changed_at(f"{self._certificates}/{name}"),
            _changed_at(f"{self._requests}/{name}"),
            _changed_at(flags_file) if flags_file else 0,
        )


def _changed_at(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116  # ten thousand of them: a path object costs more than the look
    except OSError:
        return 0


def _is_entry(values: object) -> bool:
    if not isinstance(values, list) or len(values) != _LENGTH or not isinstance(values[-1], str):
        return False
    return all(isinstance(value, float | int) for value in values[:-1])


def _time(value: float | str) -> datetime:
    return datetime.fromtimestamp(float(value), UTC)
