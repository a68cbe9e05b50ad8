"""A store in a fresh directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.shared.keywrap import KeyWrapper
from edgecert.shared.secret import Secret
from edgecert.store.filesystem import FilesystemStore
from tests.support.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def open_store(root: Path) -> Callable[[], FilesystemStore]:
    def open_it() -> FilesystemStore:
        made: FilesystemStore = FilesystemStore(
            root,
            clock=FakeClock(),
            wrapper_factory=lambda: KeyWrapper(Secret(b"k" * 32), made.store_id),
            command=("edgecert", "list", "--json"),
            environ={"SUDO_USER": "anna"},
        )
        return made

    return open_it


@pytest.fixture
def store(open_store: Callable[[], FilesystemStore]) -> FilesystemStore:
    return open_store()
