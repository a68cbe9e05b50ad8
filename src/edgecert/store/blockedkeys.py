"""The keys that are never used again: one file for the whole store, kept when their lineages are removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgecert.shared.atomic import FileLock, write_file
from edgecert.shared.errors import StoreError
from edgecert.shared.jsonfields import JsonFields, JsonProblem, dump_json, load_json
from edgecert.store.listing import read, translated

if TYPE_CHECKING:
    from edgecert.store.layout import Layout

_LOCK_SECONDS: Final = 10.0


class BlockedKeysFile:
    """Implements :class:`edgecert.interfaces.BlockedKeys` below one state directory."""

    def __init__(self, layout: Layout) -> None:
        """Keep the file where ``layout`` says."""
        self._layout = layout

    def reason(self, spki_sha256: str) -> str:
        """Say why the key is blocked; empty if it is not.

        Raises:
            StoreError: ``record-damaged``.
        """
        return self._load().get(spki_sha256, "")

    def block(self, spki_sha256: str, why: str) -> None:
        """Block the key for ever; the first reason stays. The store is there.

        Raises:
            StoreError: ``record-damaged``, ``store-write-failed``.
            LockedError: another run works on the store as a whole.
        """
        with FileLock(self._layout.store_lock, _LOCK_SECONDS, what="the store"), translated(self._layout.root):
            blocked = self._load()
            if spki_sha256 not in blocked:
                write_file(self._layout.blocked_keys_file, dump_json({"blocked": {**blocked, spki_sha256: why}}))

    def _load(self) -> dict[str, str]:
        path = self._layout.blocked_keys_file
        data = read(path)
        if data is None:
            return {}
        try:
            table = JsonFields(load_json(data)).table("blocked")
            return {key: JsonFields(table).text(key) for key in table}
        except (JsonProblem, UnicodeDecodeError) as error:
            message = f"{path} is damaged: {error}"
            hint = "restore this file from your backup: without it, keys that are known to others could be used again"
            raise StoreError(message, code="record-damaged", hint=hint) from error


class MemoryBlockedKeys:
    """Implements :class:`edgecert.interfaces.BlockedKeys` in memory."""

    def __init__(self) -> None:
        """Begin with none."""
        self._blocked: dict[str, str] = {}

    def reason(self, spki_sha256: str) -> str:
        """Say why the key is blocked; empty if it is not."""
        return self._blocked.get(spki_sha256, "")

    def block(self, spki_sha256: str, why: str) -> None:
        """Block the key for ever; the first reason stays."""
        self._blocked.setdefault(spki_sha256, why)
