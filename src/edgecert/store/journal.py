"""Changes of more than one directory: written down before they begin, so that the next run finishes what died.

An entry says what is to become true; carrying it out again from any point in between gives the same end. Whoever
works on the journal holds the store's lock, so an entry that is there when nobody holds it belongs to a process that
died.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgecert.shared.atomic import (
    crash_point,
    is_leftover,
    make_directory,
    remove_directory,
    remove_file,
    rename_directory,
    sweep,
    write_file,
)
from edgecert.shared.bundle import parse_generation
from edgecert.shared.errors import StoreError
from edgecert.shared.jsonfields import JsonFields, JsonProblem, dump_json, load_json
from edgecert.store.records import decode_settings, encode_settings

if TYPE_CHECKING:
    from pathlib import Path

    from edgecert.shared.jsonvalue import JsonValue
    from edgecert.store.layout import Layout


@dataclass(frozen=True, slots=True)
class Entry:
    """A lineage is to have another name, or with an empty ``new`` to be gone."""

    old: str
    new: str = ""


class Journal:
    """The begun changes of one store."""

    def __init__(self, layout: Layout) -> None:
        """Work on the store at ``layout``."""
        self._layout = layout

    def is_empty(self) -> bool:
        """Whether nothing is begun."""
        return not self._layout.journal.is_dir() or not any(self._layout.journal.iterdir())

    def carry_out(self, entry: Entry) -> None:
        """Write ``entry`` down, make it true, strike it out. The caller holds the store's lock and has checked it."""
        make_directory(self._layout.journal)
        path = self._layout.journal / f"{entry.old}.json"
        write_file(path, dump_json({"old": entry.old, "new": entry.new}))
        crash_point("journal-written")
        self._finish(entry)
        remove_file(path)

    def finish_all(self) -> None:
        """Make true what dead processes began. The caller holds the store's lock."""
        if self.is_empty():
            return
        sweep(self._layout.journal)
        for path in sorted(self._layout.journal.iterdir()):
            if not is_leftover(path.name):
                self._finish(_read_entry(path))
                remove_file(path)

    def last_number(self, name: str) -> int:
        """Give the highest generation that a lineage had which was removed or renamed away from ``name``; 0 if none."""
        return self._numbers().get(name, 0)

    def _finish(self, entry: Entry) -> None:
        self._retire_number(entry.old)
        if entry.new:
            self._rename(entry.old, entry.new)
        else:
            for path in (self._layout.lineage(entry.old), self._layout.requests_of(entry.old)):
                if path.is_dir():
                    remove_directory(path)

    def _rename(self, old: str, new: str) -> None:
        layout = self._layout
        for source, target in (
            (layout.requests_of(old), layout.requests_of(new)),
            (layout.lineage(old), layout.lineage(new)),
        ):
            if source.is_dir():
                rename_directory(source, target)
        path = layout.settings(new)
        # The name in the file is for people; who reads settings takes the directory's. So damage must not stop us here.
        with contextlib.suppress(FileNotFoundError, StoreError):
            write_file(path, encode_settings(decode_settings(path.read_bytes(), new, path), new))

    def _retire_number(self, name: str) -> None:
        directory = self._layout.lineage(name)
        if not directory.is_dir():
            return
        numbers = self._numbers()
        found = (parse_generation(path.name) for path in directory.iterdir())
        last = max((number for number in found if number is not None), default=0)
        if last > numbers.get(name, 0):
            document: dict[str, JsonValue] = {**numbers, name: last}
            write_file(self._layout.numbers_file, dump_json(document))

    def _numbers(self) -> dict[str, int]:
        path = self._layout.numbers_file
        try:
            document = load_json(path.read_bytes())
            return {name: JsonFields(document).number(name) for name in document}
        except FileNotFoundError:
            return {}
        except JsonProblem as error:
            raise _damaged(path, error) from error


def _read_entry(path: Path) -> Entry:
    try:
        fields = JsonFields(load_json(path.read_bytes()))
        return Entry(fields.text("old"), fields.text("new"))
    except JsonProblem as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: JsonProblem) -> StoreError:
    return StoreError(f"{path} is damaged: {error}", code="record-damaged", hint="restore it from your backup")
