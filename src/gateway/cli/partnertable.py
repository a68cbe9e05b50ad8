"""The partner table as the CLI changes it: through the running gateway, or in the database when none runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from gateway.model.answers import objects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.shared.controlclient import ControlClient
    from edgecert.shared.jsonvalue import JsonObject
    from gateway.cli.context import GatewayContext
    from gateway.settings import GatewaySettings


class PartnerAccess(Protocol):
    """Where the table is.

    Partners are JSON objects with every key; answers hold ``added``, ``changed``, ``removed``, ``warnings``.
    """

    @property
    def live(self) -> bool:
        """Whether a running gateway takes the change at once."""
        ...

    def partners(self) -> Sequence[JsonObject]:
        """Give all partners, by domain."""
        ...

    def put(self, partner: JsonObject) -> JsonObject:
        """Add or replace one."""
        ...

    def remove(self, domain: str) -> JsonObject:
        """Take one away."""
        ...

    def apply(self, partners: Sequence[JsonObject], *, dry_run: bool) -> JsonObject:
        """Make the table equal ``partners``."""
        ...


class LivePartners:
    """The table of the running gateway. Implements :class:`PartnerAccess`."""

    live = True

    def __init__(self, client: ControlClient) -> None:
        """Speak by ``client``."""
        self._client = client

    def partners(self) -> Sequence[JsonObject]:
        """Give all partners, by domain."""
        return objects(self._client.get("/v1/partners").get("partners"))

    def put(self, partner: JsonObject) -> JsonObject:
        """Add or replace one."""
        return self._client.put(_path(str(partner["domain"])), partner)

    def remove(self, domain: str) -> JsonObject:
        """Take one away."""
        return self._client.delete(_path(domain))

    def apply(self, partners: Sequence[JsonObject], *, dry_run: bool) -> JsonObject:
        """Make the table equal ``partners``."""
        return self._client.post("/v1/partners/apply", {"partners": list(partners), "dry_run": dry_run})


class StoredPartners:
    """The table in the database, under the lock that a running gateway would hold.

    Implements :class:`PartnerAccess`.
    """

    live = False

    def __init__(self, settings: GatewaySettings) -> None:
        """Use the database of ``settings``."""
        from gateway.database.partners import PartnerStore

        self._store = PartnerStore(settings.database)
        self._homes = settings.home_domains

    def partners(self) -> Sequence[JsonObject]:
        """Give all partners, by domain."""
        from gateway.policy.partnerfile import partner_to_json

        with self._store as store:
            return [partner_to_json(partner) for partner in store.load()]

    def put(self, partner: JsonObject) -> JsonObject:
        """Add or replace one."""
        from gateway.policy.partnerfile import partner_from_json

        with self._store as store:
            return store.put(partner_from_json(partner), homes=self._homes).to_json()

    def remove(self, domain: str) -> JsonObject:
        """Take one away."""
        with self._store as store:
            return store.remove(domain).to_json()

    def apply(self, partners: Sequence[JsonObject], *, dry_run: bool) -> JsonObject:
        """Make the table equal ``partners``."""
        from gateway.policy.partnerfile import partner_from_json

        wanted = [partner_from_json(partner) for partner in partners]
        with self._store as store:
            return store.apply(wanted, homes=self._homes, dry_run=dry_run).to_json()


def open_partners(context: GatewayContext, *, changing: bool) -> PartnerAccess:
    """Give the table of the running gateway, or the one in its database if none listens.

    Raises:
        ConfigError: no gateway listens, and the configuration that names the database is wrong.
        PermissionDeniedError: the socket may not be used.
    """
    client = context.running(changing=changing)
    if client is None:
        context.output.detail("no gateway listens; opening its database")
        return StoredPartners(context.settings_of_the_stopped())
    return LivePartners(client)


def _path(domain: str) -> str:
    return f"/v1/partners/{quote(domain, safe='')}"
