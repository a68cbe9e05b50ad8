"""What makes a directory a store: its format and id. Newer ones are refused, older ones migrated after a copy."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgecert.shared.atomic import (
    aside,
    crash_point,
    is_leftover,
    make_directory,
    rename_directory,
    sweep,
    sweep_on_error,
    write_file,
)
from edgecert.shared.clock import format_time
from edgecert.shared.errors import StoreError
from edgecert.shared.jsonfields import JsonFields, JsonProblem, dump_json, load_json
from edgecert.store.layout import KNOWN_ENTRIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from edgecert.shared.jsonvalue import JsonObject
    from edgecert.store.layout import Layout

FORMAT: Final = 1

# A migration is given the state directory and brings it from the format it is listed under to the next one. It may be
# killed at any point and is then run again, so it has to find its own half-done work.
MIGRATIONS: Final[Mapping[int, Callable[[Path], None]]] = {}


@dataclass(frozen=True, slots=True)
class StoreFormat:
    """The content of the file ``format``."""

    number: int
    store_id: str
    created_at: str


def read_format(layout: Layout) -> StoreFormat | None:
    """Give the store's format, or None when nothing was kept there yet.

    Raises:
        StoreError: ``not-a-store`` when there is something, but no store; ``record-damaged``.
    """
    try:
        data = layout.format_file.read_bytes()
    except FileNotFoundError:
        _verify_empty(layout.root)
        return None
    try:
        fields = JsonFields(load_json(data))
        return StoreFormat(fields.number("format"), fields.text("store_id"), fields.text("created_at"))
    except JsonProblem as error:
        raise StoreError(
            f"{layout.format_file} is damaged: {error}",
            code="record-damaged",
            hint="restore it from your backup: wrapped keys do not open without the store's id in it",
        ) from error


def _verify_empty(root: Path) -> None:
    if not root.is_dir():
        return
    foreign = sorted(entry.name for entry in root.iterdir() if not is_leftover(entry.name))
    foreign = [name for name in foreign if name not in KNOWN_ENTRIES]
    if foreign:
        raise StoreError(
            f"{root} is no state directory of edgecert: it has no file `format`, but {', '.join(foreign[:3])}",
            code="not-a-store",
            hint="give an empty or a new directory with --state-dir",
        )


def create_format(layout: Layout, now: datetime) -> StoreFormat:
    """Make the directory a store; the caller holds the store's lock and saw that it is none yet."""
    made = StoreFormat(FORMAT, secrets.token_hex(16), format_time(now))
    _write(layout, made)
    return made


def _write(layout: Layout, value: StoreFormat) -> None:
    document: JsonObject = {"format": value.number, "store_id": value.store_id, "created_at": value.created_at}
    write_file(layout.format_file, dump_json(document))


def verify_not_newer(layout: Layout, found: StoreFormat, *, known: int = FORMAT) -> None:
    """Verify that this program knows the store's format.

    Raises:
        StoreError: code ``store-too-new``.
    """
    if found.number > known:
        raise StoreError(
            f"{layout.root} has format {found.number}; this edgecert knows formats up to {known}",
            code="store-too-new",
            hint="use the newer edgecert that wrote it, or restore the copy it made below `backup/` when it migrated",
        )


def migrate(
    layout: Layout,
    found: StoreFormat,
    *,
    known: int = FORMAT,
    migrations: Mapping[int, Callable[[Path], None]] = MIGRATIONS,
) -> StoreFormat:
    """Bring the store from an older format to the ``known`` one, after a copy of it below ``backup/``.

    The caller holds the store's lock. The number in ``format`` goes up after each step; a run that was killed goes on
    with the step it died in.

    Raises:
        StoreError: code ``store-too-old``: this program has no way from there.
    """
    missing = [number for number in range(found.number, known) if number not in migrations]
    if missing:
        raise StoreError(
            f"{layout.root} has format {found.number}, which this edgecert cannot bring to {known}",
            code="store-too-old",
            hint="open it once with an edgecert between the two",
        )
    while found.number < known:
        _copy(layout, found.number)
        migrations[found.number](layout.root)
        crash_point("migrated")
        found = StoreFormat(found.number + 1, found.store_id, found.created_at)
        _write(layout, found)
    return found


def _copy(layout: Layout, number: int) -> None:
    copy = layout.backup / f"format-{number}"
    if copy.exists():
        return  # made by the run that was killed, before it changed anything
    make_directory(layout.backup)
    sweep(layout.backup)
    temporary = aside(copy)
    with sweep_on_error(temporary):
        shutil.copytree(layout.root, temporary, symlinks=True, ignore=shutil.ignore_patterns("backup", "locks"))
        crash_point("copied")
        rename_directory(temporary, copy)
