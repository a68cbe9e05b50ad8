"""The partner table on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, insert, select

from gateway.database import schema
from gateway.database.file import Database
from gateway.errors import PartnerRefusedError
from gateway.policy.commit import PartnerDifference, compare_tables, prepare_table
from gateway.policy.partner import Partner, PartnerTable, prepare_partner

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

_COLUMNS: Final = tuple(column.name for column in schema.partners.columns)


class PartnerStore(Database):
    """Partners, durable."""

    def load(self) -> PartnerTable:
        """Give the table as it stands.

        Raises:
            DatabaseError: it cannot be read.
            LockedError: the store was not open and another process has it.
        """
        with self.transaction() as connection:
            return _read(connection)

    def put(self, partner: Partner, *, homes: Iterable[str] = ()) -> PartnerDifference:
        """Add ``partner``, or replace the one with its primary domain; ``homes`` are the domains that are ours.

        Raises:
            PartnerRefusedError: a rule of the commit does not hold; the table is unchanged.
            DatabaseError: it cannot be written; the table is unchanged.
        """
        domain = prepare_partner(partner).domain
        with self.transaction() as connection:
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
        with self.transaction() as connection:
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
        with self.transaction() as connection:
            old = _read(connection)
            if dry_run:
                return compare_tables(old, prepare_table(partners, homes))
            return _replace(connection, old, partners, homes)


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
