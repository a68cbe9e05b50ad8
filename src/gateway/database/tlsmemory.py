"""When partners' domains last used TLS, on disk."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

from gateway.database import schema

if TYPE_CHECKING:
    from gateway.database.file import Database


class TlsStore:
    """The table of them in the gateway's database; used by one thread at a time."""

    def __init__(self, database: Database) -> None:
        """Keep them in ``database``, which is opened when it is first needed."""
        self._database = database

    def load(self, since: datetime) -> dict[str, datetime]:
        """Give by domain when it last used TLS, and forget what was before ``since``.

        Raises:
            DatabaseError: it cannot be read or written.
        """
        table = schema.tls_used
        with self._database.transaction() as connection:
            connection.execute(delete(table).where(table.c.used_at < since.timestamp()))
            rows = connection.execute(select(table.c.domain, table.c.used_at))
            return {domain: datetime.fromtimestamp(used_at, UTC) for domain, used_at in rows}

    def write(self, domain: str, used_at: datetime) -> None:
        """Keep that ``domain`` used TLS; on disk when this returns.

        Raises:
            DatabaseError: it cannot be written.
        """
        fresh = insert(schema.tls_used).values(domain=domain, used_at=used_at.timestamp())
        replacing = fresh.on_conflict_do_update(index_elements=["domain"], set_={"used_at": fresh.excluded.used_at})
        with self._database.transaction() as connection:
            connection.execute(replacing)
