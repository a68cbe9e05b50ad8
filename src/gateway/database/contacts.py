"""Contacts on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert

from gateway.database import schema
from gateway.model.contact import NO_CONTACT, Contact, ContactKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.database.file import Database

_KEY = tuple(schema.contacts.primary_key.columns)
_FLAGS = tuple(column for column in schema.contacts.columns if not column.primary_key)


class ContactStore:
    """The table of contacts in the gateway's database; used by one thread at a time."""

    def __init__(self, database: Database) -> None:
        """Keep contacts in ``database``, which is opened when it is first needed."""
        self._database = database

    def load(self) -> list[tuple[ContactKey, Contact]]:
        """Give all contacts.

        Raises:
            DatabaseError: they cannot be read.
            LockedError: another process has the database.
        """
        with self._database.transaction() as connection:
            rows = connection.execute(select(*_KEY, *_FLAGS).order_by(*_KEY))
            width = len(_KEY)
            return [(ContactKey(*row[:width]), Contact(*(bool(flag) for flag in row[width:]))) for row in rows]

    def find(self, key: ContactKey) -> Contact:
        """Give the contact of a pair; one with every flag down where there is none.

        Raises:
            DatabaseError: it cannot be read.
            LockedError: another process has the database.
        """
        wanted = and_(*(column == value for column, value in zip(_KEY, key, strict=True)))
        with self._database.transaction() as connection:
            row = connection.execute(select(*_FLAGS).where(wanted)).one_or_none()
        return NO_CONTACT if row is None else Contact(*(bool(flag) for flag in row))

    def write(self, contacts: Sequence[tuple[ContactKey, Contact]]) -> None:
        """Write all of ``contacts`` or none, those with every flag down being taken out; on disk when this returns.

        Raises:
            DatabaseError: they cannot be written; the table is unchanged.
            LockedError: another process has the database.
        """
        last = dict(contacts)
        kept = [_row(key, contact) for key, contact in last.items() if contact.exists]
        gone = [_row(key, contact) for key, contact in last.items() if not contact.exists]
        with self._database.transaction() as connection:
            if kept:
                fresh = insert(schema.contacts)
                replacing = {column.name: fresh.excluded[column.name] for column in _FLAGS}
                connection.execute(fresh.on_conflict_do_update(index_elements=_KEY, set_=replacing), kept)
            if gone:
                matching = and_(*(column == bindparam(f"key_{column.name}") for column in _KEY))
                keys = [{f"key_{column.name}": row[column.name] for column in _KEY} for row in gone]
                connection.execute(delete(schema.contacts).where(matching), keys)


def _row(key: ContactKey, contact: Contact) -> dict[str, object]:
    flags = {column.name: getattr(contact, column.name) for column in _FLAGS}
    return {**key._asdict(), **flags}
