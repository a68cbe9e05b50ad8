"""What was ordered at a CA: a line per order, certificate and failed proof, so that its limits are known beforehand.

::

    accounts/<host>-<hash>/ledger.jsonl     {"at": …, "kind": "order", "names": […], "exempt": false}

A line is written in one call, so that a process that is killed leaves whole lines; one that cannot be read counts for
nothing. What is older than any limit's period is dropped when the file has grown.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final, cast

from edgecert.model.ratelimits import EVENT_KINDS, KEPT, CaEvent
from edgecert.shared.atomic import PRIVATE_FILE, FileLock, make_directory, write_file
from edgecert.shared.clock import format_time, parse_time
from edgecert.shared.errors import LockedError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta
    from pathlib import Path

    from edgecert.model.ratelimits import EventKind
    from edgecert.shared.clock import Clock

LEDGER_FILE: Final = "ledger.jsonl"
COMPACTED_ABOVE: Final = 256 * 1024
_LOCK_SECONDS: Final = 5.0


class Ledger:
    """The ledger of one account, in the account's directory."""

    def __init__(self, account: Path, clock: Clock, *, compacted_above: int = COMPACTED_ABOVE) -> None:
        """Write into the directory ``account``."""
        self._account = account
        self._path = account / LEDGER_FILE
        self._clock = clock
        self._compacted_above = compacted_above

    def note(
        self, kind: EventKind, names: Iterable[str], *, exempt: bool = False, wait: timedelta | None = None
    ) -> None:
        """Write down that something happened now; ``wait`` is how long the CA said to stay away.

        A ledger that cannot be written is no reason to fail an order.
        """
        now = self._clock.now()
        document = {"at": format_time(now), "kind": kind, "names": list(names), "exempt": exempt}
        if wait is not None:
            document["until"] = format_time(now + wait)
        line = (json.dumps(document, ensure_ascii=False) + "\n").encode()
        try:
            make_directory(self._account)
            with FileLock(self._account / f"{LEDGER_FILE}.lock", _LOCK_SECONDS, what="the ledger"):
                if self._append(line) > self._compacted_above:
                    self._compact(now)
        except (OSError, LockedError):
            return

    def _append(self, line: bytes) -> int:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, PRIVATE_FILE)
        try:
            size = os.fstat(descriptor).st_size
            cut_off = size and os.pread(descriptor, 1, size - 1) != b"\n"
            os.write(descriptor, b"\n" + line if cut_off else line)
            return size + len(line)
        finally:
            os.close(descriptor)

    def _compact(self, now: datetime) -> None:
        kept = [
            line for line in self._path.read_bytes().splitlines() if (event := _parse(line)) and _counts(event, now)
        ]
        write_file(self._path, b"".join(line + b"\n" for line in kept))

    def events(self) -> tuple[CaEvent, ...]:
        """Give what this account and, as ``own`` false, the other accounts at the same host did, oldest first."""
        host = self._account.name.rpartition("-")[0]
        found: list[CaEvent] = []
        for path in self._account.parent.glob(f"{host}-*/{LEDGER_FILE}"):
            if path.parent.name.rpartition("-")[0] == host:
                found += _read(path, own=path == self._path)
        now = self._clock.now()
        return tuple(sorted((event for event in found if _counts(event, now)), key=lambda event: event.at))


def _counts(event: CaEvent, now: datetime) -> bool:
    return event.at > now - KEPT or (event.until is not None and event.until > now)


def _read(path: Path, *, own: bool) -> list[CaEvent]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return []
    return [event for line in lines if (event := _parse(line, own=own)) is not None]


def _parse(line: bytes, *, own: bool = True) -> CaEvent | None:
    try:
        document = json.loads(line)
        kind = document["kind"]
        if kind not in EVENT_KINDS:
            return None
        until = document.get("until")
        return CaEvent(
            parse_time(document["at"]),
            cast("EventKind", kind),
            tuple(map(str, document["names"])),
            exempt=document.get("exempt") is True,
            own=own,
            until=parse_time(until) if until else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
