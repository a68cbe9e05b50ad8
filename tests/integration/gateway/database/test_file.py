from __future__ import annotations

import sqlite3
from contextlib import closing
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from edgecert.shared.errors import LockedError
from gateway.database import schema
from gateway.database.file import Database
from gateway.errors import DatabaseError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "gateway.db"


def version_in(database: Database) -> int:
    with database.transaction() as connection:
        version: int = connection.execute(select(schema.schema_version.c.version)).scalar_one()
    return version


def test_one_process_at_a_time_has_it_open(path: Path) -> None:
    first, other = Database(path).open(), Database(path)
    with pytest.raises(LockedError):
        version_in(other)
    first.close()
    first.close()
    assert version_in(other) == schema.SCHEMA_VERSION
    other.close()


def test_serves_another_thread_than_the_one_that_opened_it(path: Path) -> None:
    seen = []
    with Database(path) as database:
        thread = Thread(target=lambda: seen.append(version_in(database)))
        thread.start()
        thread.join()
    assert seen == [schema.SCHEMA_VERSION]


def test_a_damaged_file_is_told_and_gives_the_lock_back(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 100)
    for _ in range(2):
        with pytest.raises(DatabaseError) as caught:
            Database(path).open()
        assert str(path) in caught.value.message
    assert path.read_bytes().startswith(b"this is no database")


def test_a_later_version_is_left_alone(path: Path) -> None:
    Database(path).open().close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE schema_version SET version = 99")
    with pytest.raises(DatabaseError) as caught:
        Database(path).open()
    assert caught.value.code == "database-too-new"
