from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from gateway.database.contacts import ContactStore
from gateway.database.file import Database
from gateway.model.contact import NO_CONTACT, Contact, ContactKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVERY = [Contact(*flags) for flags in product((False, True), repeat=5)][1:]


def key(number: int) -> ContactKey:
    return ContactKey(f"u{number}", "contoso.example", "älice", "xn--fa-hia.example")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ContactStore]:
    with Database(tmp_path / "gateway.db") as database:
        yield ContactStore(database)


def test_every_combination_of_flags_survives(store: ContactStore) -> None:
    rows = [(key(number), contact) for number, contact in enumerate(EVERY)]
    store.write(rows)
    assert sorted(store.load()) == sorted(rows, key=lambda row: row[0])
    assert [store.find(pair) for pair, _ in rows] == EVERY


def test_the_last_word_counts_and_what_is_no_contact_goes(store: ContactStore) -> None:
    store.write([(key(1), Contact(listed=True)), (key(2), Contact(granted=True)), (key(1), Contact(to=True))])
    assert dict(store.load()) == {key(1): Contact(to=True), key(2): Contact(granted=True)}
    store.write([(key(1), NO_CONTACT), (key(2), Contact(pinned=True)), (key(3), NO_CONTACT)])
    assert store.load() == [(key(2), Contact(pinned=True))]
    assert store.find(key(1)) is NO_CONTACT
    store.write([])
