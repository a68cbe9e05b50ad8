"""The partner table, changed while streams read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.model.jid import parse_domain
from gateway.policy.commit import verify_homes
from gateway.policy.methods import warn_partner
from gateway.policy.partnerfile import partner_from_json, partner_to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edgecert.shared.jsonvalue import JsonObject
    from gateway.database.partners import PartnerStore
    from gateway.net.hub import Hub
    from gateway.policy.partner import Partner
    from gateway.service.worker import Worker


class PartnerDesk:
    """Commits changes to the database in the worker, then puts the new table in place for the streams."""

    def __init__(self, store: PartnerStore, worker: Worker, hub: Hub) -> None:
        """Use ``store``; nothing is opened yet."""
        self._store = store
        self._worker = worker
        self._hub = hub

    async def open(self) -> None:
        """Take the database and read the table.

        Raises:
            LockedError: another process has it.
            DatabaseError: it cannot be read.
            PartnerRefusedError: a domain of it has become one of ours since it was committed.
        """
        await self._worker.run(self._store.open)
        verify_homes(await self._worker.run(self._store.load), self._hub.homes)
        await self._publish()

    async def close(self) -> None:
        """Give the database back."""
        await self._worker.run(self._store.close)

    def show(self) -> JsonObject:
        """Give all partners."""
        return {"partners": [partner_to_json(partner) for partner in self._hub.partners]}

    async def put(self, document: JsonObject) -> JsonObject:
        """Add a partner, or replace the one of this domain.

        Raises:
            ConfigError: a key is wrong.
            PartnerRefusedError: a rule does not hold; the table is unchanged.
        """
        partner = partner_from_json(document)
        difference = await self._worker.run(self._store.put, partner, homes=tuple(self._hub.homes))
        await self._publish()
        domain = parse_domain(partner.domain)
        return {"domain": domain, "created": domain in difference.added, "warnings": _warnings([partner])}

    async def remove(self, domain: str) -> JsonObject:
        """Take a partner away.

        Raises:
            PartnerRefusedError: there is no such partner.
        """
        difference = await self._worker.run(self._store.remove, domain)
        await self._publish()
        return {"domain": domain, "removed": bool(difference.removed)}

    async def apply(self, documents: Sequence[JsonObject], *, dry_run: bool) -> JsonObject:
        """Make the table equal ``documents``.

        Raises:
            ConfigError: a key is wrong.
            PartnerRefusedError: a rule does not hold; the table is unchanged.
        """
        partners = [partner_from_json(document) for document in documents]
        homes = tuple(self._hub.homes)
        difference = await self._worker.run(self._store.apply, partners, homes=homes, dry_run=dry_run)
        if not dry_run:
            await self._publish()
        return {
            "added": list(difference.added),
            "changed": list(difference.changed),
            "removed": list(difference.removed),
            "warnings": _warnings(partners),
        }

    async def _publish(self) -> None:
        self._hub.set_partners(await self._worker.run(self._store.load))
        self._hub.dialling.metrics.partners(len(self._hub.partners))


def _warnings(partners: Iterable[Partner]) -> list[JsonObject]:
    """Give what an administrator should know of ``partners``, each with the code that ``edgecert explain`` knows."""
    return [
        {"partner": parse_domain(partner.domain), "code": warning.code, "message": warning.message}
        for partner in partners
        for warning in warn_partner(partner)
    ]
