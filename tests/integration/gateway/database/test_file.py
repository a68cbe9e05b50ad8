from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from edgecert.shared.errors import LockedError
from gateway.database import schema
from gateway.database.contacts import ContactStore
from gateway.database.file import Database
from gateway.database.partners import PartnerStore
from gateway.errors import DatabaseError
from gateway.model.contact import Contact, ContactKey
from gateway.policy.partner import Partner

if TYPE_CHECKING:
    from pathlib import Path

KEY = ContactKey("bob", "contoso.example", "alice", "fabrikam.example")

# What version 1 of the database looked like.
VERSION_1 = """
CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO schema_version VALUES (1);
CREATE TABLE partners (domain VARCHAR NOT NULL PRIMARY KEY, description VARCHAR NOT NULL, type VARCHAR NOT NULL,
  tls VARCHAR NOT NULL, sasl VARCHAR NOT NULL, dialback BOOLEAN NOT NULL, keep_alive BOOLEAN NOT NULL,
  connection_limit INTEGER NOT NULL, proxy VARCHAR NOT NULL, queue_persist BOOLEAN NOT NULL);
CREATE TABLE additional_domains (domain VARCHAR NOT NULL PRIMARY KEY, partner VARCHAR NOT NULL,
  FOREIGN KEY(partner) REFERENCES partners (domain) ON DELETE CASCADE);
INSERT INTO partners VALUES ('fabrikam.example', '', 'federated', 'required', 'optional', 0, 1, 0, '', 1);
"""


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


def test_two_tables_share_one_lock(tmp_path: Path) -> None:
    with PartnerStore(tmp_path / "gateway.db") as partners:
        contacts = ContactStore(partners)
        partners.put(Partner(domain="fabrikam.example", dialback=False))
        contacts.write([(KEY, Contact(listed=True))])
        assert (len(partners.load()), len(contacts.load())) == (1, 1)
        with pytest.raises(LockedError):
            Database(tmp_path / "gateway.db").open()


def test_an_older_database_is_copied_aside_and_brought_up(tmp_path: Path) -> None:
    path = tmp_path / "gateway.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1)
    with PartnerStore(path) as database:
        (partner,) = database.load()
        assert (partner.domain, partner.type) == ("fabrikam.example", "federated")
        ContactStore(database).write([(KEY, Contact(listed=True))])
    copy = tmp_path / "gateway.db.v1"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT version FROM schema_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM partners").fetchone() == (1,)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version FROM schema_version").fetchone() == (schema.SCHEMA_VERSION,)
    copy.unlink()
    with Database(path):
        assert not copy.exists()


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with Database(tmp_path / "gateway.db") as database:
        store = ContactStore(database)
        broken = ContactKey("x", "y", "z", None)  # type: ignore[arg-type]  # what no caller would do
        with pytest.raises(RuntimeError), database.transaction():
            raise RuntimeError
        with pytest.raises(DatabaseError):
            store.write([(KEY, Contact(listed=True)), (broken, Contact(listed=True))])
        assert store.load() == []
