"""The gateway's database file: SQLite beside its other state, whole transactions, one process at a time."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Self

from sqlalchemy import URL, create_engine, event, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from edgecert.shared.atomic import FileLock, make_directory
from edgecert.shared.privateplaces import ensure_private_parent
from gateway.database import schema
from gateway.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

_PRIVATE: Final = 0o600


class Database:
    """The file and the lock on it: one process has it open, the running gateway, or the CLI when there is none.

    Synchronous; may be opened in one thread and used in another, but by one thread at a time.
    """

    def __init__(self, path: Path, *, lock_timeout: float = 0.0) -> None:
        """Be about the database file ``path``; nothing is touched before it is opened."""
        self._path = path
        self._lock = FileLock(path.with_suffix(".lock"), lock_timeout, what="the gateway's database")
        self._engine: Engine | None = None

    def open(self) -> Self:
        """Take the lock and make the tables where they are missing. Opening an open database does nothing.

        Raises:
            LockedError: another process has it open.
            DatabaseError: ``database``: it is damaged; ``database-too-new``: a later version wrote it.
            PermissionDeniedError: another user could write where it stands.
        """
        if self._engine is None:
            make_directory(self._path.parent)
            ensure_private_parent(self._path)
            self._lock.__enter__()
            try:
                self._engine = self._connect()
            except BaseException:
                self._lock.__exit__(None, None, None)
                raise
        return self

    def close(self) -> None:
        """Give the lock back. Closing a closed database does nothing."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()
            self._lock.__exit__(None, None, None)

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give a connection whose work is committed as a whole, or not at all; opens the database if need be.

        Raises:
            DatabaseError: it cannot be read or written.
        """
        self.open()
        if self._engine is None:  # open() has set it or raised
            raise DatabaseError(f"{self._path} is not open")
        with self._translated(), self._engine.begin() as connection:
            yield connection

    def _connect(self) -> Engine:
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _PRIVATE))
        engine = create_engine(URL.create("sqlite", database=str(self._path)), poolclass=NullPool)
        event.listen(engine, "connect", _set_pragmas)
        try:
            with self._translated():
                self._migrate(engine)
        except BaseException:
            engine.dispose()
            raise
        return engine

    def _migrate(self, engine: Engine) -> None:
        """Make what is missing; a database of an older version is copied aside before it is touched."""
        with engine.begin() as connection:
            schema.schema_version.create(connection, checkfirst=True)
            version = connection.execute(select(schema.schema_version.c.version)).scalar_one_or_none()
        if version is not None and version > schema.SCHEMA_VERSION:
            raise DatabaseError(
                f"the database is of version {version}, this gateway knows up to {schema.SCHEMA_VERSION}",
                code="database-too-new",
                hint="start the gateway version that wrote it, or restore the backup made before the upgrade",
            )
        if version is not None and version < schema.SCHEMA_VERSION:
            self._copy_aside(engine, version)
        with engine.begin() as connection:
            # Every change of version until now added tables; one that changes a table gets its own step here.
            schema.METADATA.create_all(connection)
            if version is None:
                connection.execute(insert(schema.schema_version).values(version=schema.SCHEMA_VERSION))
            elif version != schema.SCHEMA_VERSION:
                connection.execute(update(schema.schema_version).values(version=schema.SCHEMA_VERSION))

    def _copy_aside(self, engine: Engine, version: int) -> None:
        copy = self._path.with_name(f"{self._path.name}.v{version}")
        copy.unlink(missing_ok=True)
        os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _PRIVATE))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM INTO :copy"), {"copy": str(copy)})

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            cause = getattr(error, "orig", None) or error
            raise DatabaseError(
                f"{self._path}: {cause}",
                hint="check the disk and the file's owner; if the file is damaged, restore it from a backup",
            ) from error


def _set_pragmas(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    # FULL: a commit that was confirmed is on disk (in WAL mode the default would only promise an undamaged file).
    # secure_delete: messages that have gone leave nothing readable in the file's free pages.
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
