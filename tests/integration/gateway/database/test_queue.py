from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gateway.database.file import Database
from gateway.database.queue import QueueStore
from gateway.model.queued import KEPT_FOR, Backlog, QueuedStanza
from tests.support.pairs import chat
from tests.support.streams import HOME, PARTNER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 1, 12, 0, 0, 250_000, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "gateway.db"


@pytest.fixture
def store(path: Path) -> Iterator[QueueStore]:
    with Database(path) as database:
        yield QueueStore(database)


def stanza(number: int, to: str = f"alice@{PARTNER}/d\u00e9sk", after: int = 0) -> QueuedStanza:
    accepted = NOW + timedelta(seconds=after)
    return QueuedStanza(chat(number, to), accepted, accepted + KEPT_FOR)


def test_what_is_kept_comes_back_as_it_was_in_order(store: QueueStore) -> None:
    first, second = stanza(1), stanza(2, after=3)
    kept = store.add([first, second])
    assert [replace(each, number=0) for each in kept] == [first, second]
    assert store.read(HOME, PARTNER) == kept
    assert store.read(HOME, PARTNER, limit=1) == kept[:1]
    assert store.read(HOME, PARTNER, after=kept[0].number) == kept[1:]
    assert store.read(HOME, "litware.example") == []


def test_a_number_is_never_used_again(store: QueueStore) -> None:
    (first,) = store.add([stanza(1)])
    store.remove([first.number, 4711])
    (second,) = store.add([stanza(2)])
    assert second.number > first.number


def test_backlogs_by_pair(store: QueueStore) -> None:
    other = "carol@litware.example"
    store.add([stanza(1, after=5), stanza(2), stanza(3, other, after=9)])
    size = stanza(1).size
    assert store.backlogs() == [
        Backlog(HOME, PARTNER, 2, 2 * size, NOW, NOW + KEPT_FOR),
        Backlog(
            HOME,
            "litware.example",
            1,
            stanza(3, other).size,
            stanza(3, after=9).accepted_at,
            stanza(3, after=9).expires_at,
        ),
    ]


def test_it_outlives_the_process(path: Path) -> None:
    with Database(path) as database:
        kept = QueueStore(database).add([stanza(number) for number in range(1200)])
    with Database(path) as database:
        store = QueueStore(database)
        assert store.read(HOME, PARTNER, limit=2000) == kept
        store.remove(each.number for each in kept)
        assert store.backlogs() == []


def test_what_has_gone_leaves_nothing_in_the_file(path: Path) -> None:
    with Database(path) as database:
        kept = QueueStore(database).add([stanza(number) for number in range(50)])
    assert b"hi 49" in path.read_bytes()  # closing has moved the journal into the file
    with Database(path) as database:
        QueueStore(database).remove(each.number for each in kept)
    assert b"hi 49" not in path.read_bytes()
