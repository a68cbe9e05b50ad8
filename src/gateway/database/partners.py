"""The partner table on disk: SQLite beside the gateway's other state, whole transactions, one writer process."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Self

from sqlalchemy import URL, create_engine, delete, event, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from edgecert.shared.atomic import FileLock, ensure_private_parent, make_directory
from gateway.database import schema
from gateway.errors import DatabaseError, PartnerRefusedError
from gateway.policy.commit import PartnerDifference, compare_tables, prepare_table
from gateway.policy.partner import Partner, PartnerTable, prepare_partner

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

_PRIVATE: Final = 0o600
_COLUMNS: Final = tuple(column.name for column in schema.partners.columns)


class PartnerStore:
    """Partners, durable. One process at a time has it open: the running gateway, or the CLI when there is none.

    Synchronous; may be opened in one thread and used in another, but by one thread at a time.
    """

    def __init__(self, path: Path, *, lock_timeout: float = 0.0) -> None:
        """Be about the database file ``path``; nothing is touched before it is opened."""
        self._path = path
        self._lock = FileLock(path.with_suffix(".lock"), lock_timeout, what="the partner table")
        self._engine: Engine | None = None

    def open(self) -> Self:
        """Take the lock and make the tables where they are missing. Opening an open store does nothing.

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
        """Give the lock back. Closing a closed store does nothing."""
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

    # --- reading and writing

    def load(self) -> PartnerTable:
        """Give the table as it stands.

        Raises:
            DatabaseError: it cannot be read.
            LockedError: the store was not open and another process has it.
        """
        with self._transaction() as connection:
            return _read(connection)

    def put(self, partner: Partner, *, homes: Iterable[str] = ()) -> PartnerDifference:
        """Add ``partner``, or replace the one with its primary domain; ``homes`` are the domains that are ours.

        Raises:
            PartnerRefusedError: a rule of the commit does not hold; the table is unchanged.
            DatabaseError: it cannot be written; the table is unchanged.
        """
        domain = prepare_partner(partner).domain
        with self._transaction() as connection:
            old = _read(connection)
            others = [each for each in old if each.domain != domain]
            return _replace(connection, old, [*others, partner], homes)

    def remove(self, domain: str) -> PartnerDifference:
        """Take the partner out whose primary domain is ``domain``.

        Raises:
            PartnerRefusedError: ``no-such-partner``: there is none.
            DatabaseError: it cannot be written; the table is unchanged.
        """
        prepared = prepare_partner(Partner(domain=domain)).domain
        with self._transaction() as connection:
            old = _read(connection)
            found = old.find(prepared)
            if found is None or found.domain != prepared:
                hint = f"it is an additional domain of {found.domain}" if found else "see the list of partners"
                raise PartnerRefusedError(f"{domain} is no partner's primary domain", code="no-such-partner", hint=hint)
            return _replace(connection, old, [each for each in old if each.domain != prepared], ())

    def apply(
        self, partners: Iterable[Partner], *, homes: Iterable[str] = (), dry_run: bool = False
    ) -> PartnerDifference:
        """Make the table equal ``partners``; with ``dry_run`` only say what would change.

        Raises:
            PartnerRefusedError: with everything that is wrong; the table is unchanged.
            DatabaseError: it cannot be written; the table is unchanged.
        """
        with self._transaction() as connection:
            old = _read(connection)
            if dry_run:
                return compare_tables(old, prepare_table(partners, homes))
            return _replace(connection, old, partners, homes)

    # --- SQLite

    def _connect(self) -> Engine:
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _PRIVATE))
        engine = create_engine(URL.create("sqlite", database=str(self._path)), poolclass=NullPool)
        event.listen(engine, "connect", _set_pragmas)
        try:
            with self._translated(), engine.begin() as connection:
                _prepare_schema(connection)
        except BaseException:
            engine.dispose()
            raise
        return engine

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        self.open()
        if self._engine is None:  # open() has set it or raised
            raise DatabaseError(f"{self._path} is not open")
        with self._translated(), self._engine.begin() as connection:
            yield connection

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
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_schema(connection: Connection) -> None:
    schema.METADATA.create_all(connection)
    version = connection.execute(select(schema.schema_version.c.version)).scalar_one_or_none()
    if version is None:
        connection.execute(insert(schema.schema_version).values(version=schema.SCHEMA_VERSION))
    elif version > schema.SCHEMA_VERSION:
        raise DatabaseError(
            f"the database is of version {version}, this gateway knows up to {schema.SCHEMA_VERSION}",
            code="database-too-new",
            hint="start the gateway version that wrote it, or restore the backup made before the upgrade",
        )


def _read(connection: Connection) -> PartnerTable:
    domains: dict[str, list[str]] = {}
    additional = select(schema.additional_domains).order_by(schema.additional_domains.c.domain)
    for domain, partner in connection.execute(additional):
        domains.setdefault(partner, []).append(domain)
    rows = connection.execute(select(schema.partners)).mappings()
    return PartnerTable.of(Partner(**row, additional_domains=tuple(domains.get(row["domain"], ()))) for row in rows)


def _replace(
    connection: Connection, old: PartnerTable, partners: Iterable[Partner], homes: Iterable[str]
) -> PartnerDifference:
    """Write what differs, when every rule of the commit holds."""
    new = prepare_table(partners, homes)
    difference = compare_tables(old, new)
    gone = (*difference.removed, *difference.changed)
    if gone:
        connection.execute(delete(schema.partners).where(schema.partners.c.domain.in_(gone)))
    fresh = [partner for partner in new if partner.domain in {*difference.added, *difference.changed}]
    if fresh:
        connection.execute(insert(schema.partners), [_row(partner) for partner in fresh])
    further = [{"domain": domain, "partner": each.domain} for each in fresh for domain in each.additional_domains]
    if further:
        connection.execute(insert(schema.additional_domains), further)
    return difference


def _row(partner: Partner) -> dict[str, object]:
    return {name: getattr(partner, name) for name in _COLUMNS}
