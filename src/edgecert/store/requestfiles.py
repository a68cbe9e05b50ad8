"""Requests on disk: key and CSR of what was asked of a CA and is not answered yet, or was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.shared.atomic import (
    aside,
    crash_point,
    is_leftover,
    make_directory,
    remove_directory,
    rename_directory,
    sweep,
    sweep_on_error,
    sync_directory,
    write_file,
    write_new,
)
from edgecert.shared.errors import StoreError
from edgecert.shared.keyfile import WRAPPED_KEY_FILE, open_directory, read_file, read_key, write_key
from edgecert.store.layout import CSR_FILE, REQUEST_FILE
from edgecert.store.records import decode_request, encode_request
from edgecert.store.rules import no_such_request, oldest_first, request_exists

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgecert.interfaces import OpenRequest
    from edgecert.shared.keywrap import KeyWrapper
    from edgecert.shared.secret import Secret
    from edgecert.store.layout import Layout


class RequestFiles:
    """The requests of one store."""

    def __init__(self, layout: Layout, wrapper: Callable[[], KeyWrapper]) -> None:
        """Work on the store at ``layout``; ``wrapper`` is asked only for keys that are wrapped."""
        self._layout = layout
        self._wrapper = wrapper

    def create(self, request: OpenRequest, key: Secret) -> None:
        """Keep a new request whole; its key is on the disk, wrapped if so, before its CSR is anywhere.

        Raises:
            StoreError: code ``request-exists``.
        """
        path = self._layout.request(request.lineage, request.id)
        if path.exists():
            raise request_exists(request.lineage, request.id)
        make_directory(path.parent)
        temporary = aside(path)
        with sweep_on_error(temporary):
            make_directory(temporary)
            write_key(temporary, key, None if request.exportable else self._wrapper(), request.spki_sha256)
            write_new(temporary / CSR_FILE, request.csr_pem)
            write_new(temporary / REQUEST_FILE, encode_request(request))
            sync_directory(temporary)
            crash_point("request-made")
            rename_directory(temporary, path)

    def save(self, request: OpenRequest) -> None:
        """Keep the changed state of a request.

        Raises:
            StoreError: code ``no-such-request``.
        """
        path = self._layout.request(request.lineage, request.id)
        if not path.is_dir():
            raise no_such_request(request.lineage, request.id)
        write_file(path / REQUEST_FILE, encode_request(request))

    def all_of(self, name: str) -> tuple[OpenRequest, ...]:
        """Give the requests of a lineage, oldest first."""
        try:
            entries = sorted(self._layout.requests_of(name).iterdir())
        except FileNotFoundError:
            return ()
        loaded = (_load(name, path) for path in entries if not is_leftover(path.name) and path.is_dir())
        return oldest_first(request for request in loaded if request is not None)

    def key_of(self, request: OpenRequest) -> Secret:
        """Give the key of a request, unwrapped.

        Raises:
            StoreError: code ``no-such-request``; ``bundle-damaged`` when its key is missing.
            MaterialError: ``key-unwrap-failed``, and what the key-encryption key's loading raises.
        """
        path = self._layout.request(request.lineage, request.id)
        if not path.is_dir():
            raise no_such_request(request.lineage, request.id)
        wrapper = self._wrapper() if (path / WRAPPED_KEY_FILE).exists() else None
        with open_directory(path) as directory:
            return read_key(directory, wrapper, request.spki_sha256, path)

    def remove(self, name: str, request_id: str) -> None:
        """Take a request away, with its key."""
        remove_directory(self._layout.request(name, request_id))

    def leftovers(self, name: str) -> bool:
        """Whether a dead process (or one at work) has something in the making among the lineage's requests."""
        return any(is_leftover(path.name) for path in self._places(name, deep=True))

    def sweep(self, name: str) -> None:
        """Take away what dead processes left. The caller holds the lineage's lock."""
        directory = self._layout.requests_of(name)
        sweep(directory)
        for path in self._places(name, deep=False):
            if path.is_dir():
                sweep(path)

    def _places(self, name: str, *, deep: bool) -> list[Path]:
        directory = self._layout.requests_of(name)
        if not directory.is_dir():
            return []
        entries = list(directory.iterdir())
        return entries + [inner for path in entries if path.is_dir() for inner in path.iterdir()] if deep else entries


def _load(name: str, path: Path) -> OpenRequest | None:
    try:
        with open_directory(path) as directory:
            return decode_request(
                read_file(directory, REQUEST_FILE), read_file(directory, CSR_FILE), name, path / REQUEST_FILE
            )
    except StoreError as error:
        if error.code == "no-such-generation":
            return None  # pruned between the listing and the reading
        raise
    except FileNotFoundError:
        if not path.is_dir():
            return None
        raise StoreError(
            f"{path} is damaged: {REQUEST_FILE} or {CSR_FILE} is missing",
            code="record-damaged",
            hint="restore this directory from your backup; if nobody waits for its certificate, take it away",
        ) from None
