from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import StoreError
from edgecert.store.journal import Entry, Journal
from edgecert.store.layout import Layout
from tests.support.bundles import a_bundle, a_key_pem, a_request

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgecert.store.filesystem import FilesystemStore


def begin(root: Path, text: str) -> None:
    """What a process leaves that dies right after it wrote its entry."""
    (root / "journal").mkdir()
    (root / "journal" / "edge.json").write_text(text)


@pytest.fixture
def filled(store: FilesystemStore) -> FilesystemStore:
    store.add_generation(a_bundle("edge", 4))
    store.create_request(a_request("edge", "r1"), a_key_pem(1))
    return store


def test_begun_rename_is_finished_at_the_next_opening(
    root: Path, filled: FilesystemStore, open_store: Callable[[], FilesystemStore]
) -> None:
    begin(root, '{"old": "edge", "new": "front"}')
    (root / "requests/edge").rename(root / "requests/front")  # half of it was done
    store = open_store()
    assert store.lineages() == ("front",)
    assert store.find_request(a_request("edge", "r1").spki_sha256) == a_request("front", "r1")
    assert Journal(Layout(root)).is_empty()


def test_begun_removal_is_finished_at_the_next_lock(root: Path, filled: FilesystemStore) -> None:
    begin(root, '{"old": "edge", "new": ""}')
    with filled.lock("other", 0):
        assert filled.lineages() == ()
        assert filled.requests("edge") == ()
        assert filled.next_generation("edge") == 5


def test_numbers_of_removed_names_only_grow(root: Path, filled: FilesystemStore) -> None:
    journal = Journal(Layout(root))
    journal.carry_out(Entry("edge"))
    assert journal.last_number("edge") == 4
    filled.add_generation(a_bundle("edge", 2))  # by hand, below what was
    journal.carry_out(Entry("edge"))
    assert journal.last_number("edge") == 4
    assert journal.last_number("never") == 0


def test_damaged_entry_is_named_and_nothing_is_touched(root: Path, filled: FilesystemStore) -> None:
    begin(root, "{")
    with pytest.raises(StoreError, match=r"journal/edge\.json"), filled.lock("edge", 0):
        pytest.fail("worked on a store with an unfinished change")
    assert filled.generations("edge") == (4,)
