"""A summary of when each lineage needs attention next: what did not change since is passed by with two looks at it.

Every change of a lineage renames something in its directory, and every new request makes one in that of its requests;
so the times of these two directories tell whether the summary still holds. It may be deleted at any time.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from edgecert.interfaces import Seen
from edgecert.shared.atomic import write_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgecert.shared.clock import Clock
    from edgecert.store.layout import Layout

FORMAT: Final = 1
SETTLED: Final = 2.0
"""Seconds after a change before it is trusted that no other one carries the same time."""


@dataclass(frozen=True, slots=True)
class _Entry:
    seen: Seen
    stamp: tuple[int, int, int]
    noted_at: float


class ScanIndex:
    """Implements :class:`edgecert.interfaces.ScanRecords` in one file of the state directory."""

    def __init__(self, layout: Layout, clock: Clock) -> None:
        """Use the file that ``layout`` names; it is read at the first question."""
        self._layout = layout
        self._clock = clock
        self._certificates = os.fspath(layout.certificates)
        self._requests = os.fspath(layout.requests)
        self._known: dict[str, _Entry] | None = None
        self._changed = False

    def find(self, name: str) -> Seen | None:
        """Give what was found of ``name``, or None if anything of it, or its flags file, has changed since."""
        entry = self._entries.get(name)
        if entry is None or entry.stamp != self._stamp(name, entry.seen.flags_file):
            return None
        if max(entry.stamp) / 1e9 + SETTLED > entry.noted_at:
            return None
        return entry.seen

    def note(self, name: str, seen: Seen | None) -> None:
        """Keep what was found of ``name``; None: it has to be looked at again."""
        if seen is not None:
            stamp = self._stamp(name, seen.flags_file)
            self._entries[name] = _Entry(seen, stamp, self._clock.now().timestamp())
            self._changed = True
        elif self._entries.pop(name, None) is not None:
            self._changed = True

    def soonest(self, names: Iterable[str]) -> datetime | None:
        """Give when the first of ``names`` needs attention; None if one of them does so at every run, or of none."""
        found = [self._entries.get(name) for name in names]
        times = [entry.seen.attend_at for entry in found if entry is not None]
        return min(times) if times and len(times) == len(found) else None

    def save(self) -> None:
        """Write the file if anything was noted."""
        if not self._changed or not self._layout.format_file.exists():
            return
        lines = {
            name: [
                *entry.stamp,
                entry.noted_at,
                *(time.timestamp() for time in (entry.seen.attend_at, entry.seen.due_at, entry.seen.not_after)),
                entry.seen.flags_file,
            ]
            for name, entry in self._entries.items()
        }
        with suppress(OSError):
            write_file(self._layout.scan_file, json.dumps({"format": FORMAT, "lineages": lines}).encode())
        self._changed = False

    @property
    def _entries(self) -> dict[str, _Entry]:
        if self._known is None:
            self._known = self._load()
        return self._known

    def _load(self) -> dict[str, _Entry]:
        try:
            document = json.loads(self._layout.scan_file.read_bytes())
            if document["format"] != FORMAT:
                return {}
            return {str(name): _entry(values) for name, values in document["lineages"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
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


def _entry(values: list[float | str]) -> _Entry:
    lineage, requests, flags, noted_at, attend_at, due_at, not_after, flags_file = values
    seen = Seen(_time(attend_at), _time(due_at), _time(not_after), str(flags_file))
    return _Entry(seen, (int(lineage), int(requests), int(flags)), float(noted_at))


def _time(value: float | str) -> datetime:
    return datetime.fromtimestamp(float(value), UTC)
