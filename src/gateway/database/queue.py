"""Messages that wait on disk for a partner that is down."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, func, insert, select

from gateway.database.schema import queued_stanzas
from gateway.model.envelope import Envelope
from gateway.model.jid import Jid
from gateway.model.queued import Backlog, QueuedStanza

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import RowMapping

    from gateway.database.file import Database

MAX_AT_ONCE: Final = 500

_T: Final = queued_stanzas.c


class QueueStore:
    """Stanzas by pair, oldest first, in the gateway's database. Synchronous, in the database's thread."""

    def __init__(self, database: Database) -> None:
        """Use ``database``."""
        self._database = database

    def add(self, stanzas: Sequence[QueuedStanza]) -> list[QueuedStanza]:
        """Keep ``stanzas``, all or none, and give them with their numbers.

        Raises:
            DatabaseError: they cannot be written; nothing was.
        """
        kept: list[QueuedStanza] = []
        with self._database.transaction() as connection:
            for stanza in stanzas:
                done = connection.execute(insert(queued_stanzas).values(**_row(stanza)))
                kept.append(replace(stanza, number=int(done.lastrowid)))
        return kept

    def read(self, home: str, domain: str, *, after: int = 0, limit: int = MAX_AT_ONCE) -> list[QueuedStanza]:
        """Give the oldest stanzas of a pair whose number is above ``after``; they stay.

        Raises:
            DatabaseError: they cannot be read.
        """
        query = (
            select(queued_stanzas)
            .where(_T.home == home, _T.domain == domain, _T.number > after)
            .order_by(_T.number)
            .limit(limit)
        )
        with self._database.transaction() as connection:
            return [_stanza(row) for row in connection.execute(query).mappings()]

    def remove(self, numbers: Iterable[int]) -> None:
        """Forget stanzas; one that is not there is no error.

        Raises:
            DatabaseError: it cannot be written.
        """
        wanted = list(numbers)
        with self._database.transaction() as connection:
            for start in range(0, len(wanted), MAX_AT_ONCE):
                part = wanted[start : start + MAX_AT_ONCE]
                connection.execute(delete(queued_stanzas).where(_T.number.in_(part)))

    def backlogs(self) -> list[Backlog]:
        """Give what lies here for each pair.

        Raises:
            DatabaseError: it cannot be read.
        """
        ages = (func.min(_T.accepted_at), func.min(_T.expires_at))
        columns = (func.count(), func.sum(func.length(_T.raw)), *ages)
        query = select(_T.home, _T.domain, *columns).group_by(_T.home, _T.domain).order_by(_T.home, _T.domain)
        with self._database.transaction() as connection:
            return [
                Backlog(home, domain, count, octets, _moment(oldest), _moment(expiry))
                for home, domain, count, octets, oldest, expiry in connection.execute(query)
            ]


def _row(stanza: QueuedStanza) -> dict[str, object]:
    envelope = stanza.envelope
    return {
        "home": envelope.from_.domain,
        "domain": envelope.to.domain,
        "kind": envelope.kind,
        "type": envelope.type,
        "id": envelope.id,
        "sender": str(envelope.from_),
        "receiver": str(envelope.to),
        "raw": envelope.raw,
        "accepted_at": stanza.accepted_at.timestamp(),
        "expires_at": stanza.expires_at.timestamp(),
    }


def _stanza(row: RowMapping) -> QueuedStanza:
    sender, receiver = Jid.parse(row["sender"]), Jid.parse(row["receiver"])
    envelope = Envelope(row["kind"], row["type"], row["id"], sender, receiver, row["raw"])
    return QueuedStanza(envelope, _moment(row["accepted_at"]), _moment(row["expires_at"]), row["number"])


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
