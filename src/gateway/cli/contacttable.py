"""The contacts as the CLI changes them: through the running gateway, or in the database when none runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode

from gateway.model.answers import objects

if TYPE_CHECKING:
    from collections.abc import Collection

    from edgecert.shared.controlclient import ControlClient
    from edgecert.shared.jsonvalue import JsonObject
    from gateway.cli.context import GatewayContext
    from gateway.contacts.events import ContactEvent
    from gateway.settings import GatewaySettings


class ContactAccess(Protocol):
    """Where the contacts are. Answers are those of the control API."""

    @property
    def live(self) -> bool:
        """Whether a running gateway takes the change at once."""
        ...

    def homes(self) -> Collection[str]:
        """Give the home domains."""
        ...

    def contacts(self, home: str, partner: str) -> JsonObject:
        """Give the contacts of ``home`` and ``partner``: JIDs, domains, or empty for all."""
        ...

    def add(self, home: str, partner: str, *, dry_run: bool) -> JsonObject:
        """Pin a contact."""
        ...

    def remove(self, home: str, partner: str, *, dry_run: bool) -> JsonObject:
        """Forget a contact."""
        ...


class LiveContacts:
    """The contacts of the running gateway. Implements :class:`ContactAccess`."""

    live = True

    def __init__(self, client: ControlClient) -> None:
        """Speak by ``client``."""
        self._client = client

    def homes(self) -> Collection[str]:
        """Give the home domains."""
        return [str(home.get("domain")) for home in objects(self._client.get("/v1/status").get("homes"))]

    def contacts(self, home: str, partner: str) -> JsonObject:
        """Give the contacts."""
        return self._client.get(f"/v1/contacts?{urlencode({'home': home, 'partner': partner})}")

    def add(self, home: str, partner: str, *, dry_run: bool) -> JsonObject:
        """Pin a contact."""
        return self._client.post("/v1/contacts/add", {"home": home, "partner": partner, "dry_run": dry_run})

    def remove(self, home: str, partner: str, *, dry_run: bool) -> JsonObject:
        """Forget a contact."""
        return self._client.post("/v1/contacts/remove", {"home": home, "partner": partner, "dry_run": dry_run})


class StoredContacts:
    """The contacts in the database, under the lock that a running gateway would hold.

    Implements :class:`ContactAccess`. Who knocked is known to a running gateway only.
    """

    live = False

    def __init__(self, settings: GatewaySettings) -> None:
        """Use the database of ``settings``."""
        from gateway.database.contacts import ContactStore
        from gateway.database.file import Database

        self._database = Database(settings.database)
        self._store = ContactStore(self._database)
        self._homes = frozenset(settings.home_domains)

    def homes(self) -> Collection[str]:
        """Give the home domains."""
        return self._homes

    def contacts(self, home: str, partner: str) -> JsonObject:
        """Give the contacts."""
        from gateway.contacts.naming import list_contacts

        with self._database:
            return {"contacts": list_contacts(self._store.load(), home, partner), "knocks": []}

    def add(self, home: str, partner: str, *, dry_run: bool) -> JsonObject:
        """Pin a contact."""
        from gateway.contacts.events import ContactEvent

        return self._change(home, partner, ContactEvent.ADMINISTRATOR_ADDS, dry_run=dry_run)

    def remove(self, home: str, partner: str, *, dry_run: bool) -> JsonObject:
        """Forget a contact."""
        from gateway.contacts.events import ContactEvent

        return self._change(home, partner, ContactEvent.ADMINISTRATOR_REMOVES, dry_run=dry_run)

    def _change(self, home: str, partner: str, event: ContactEvent, *, dry_run: bool) -> JsonObject:
        from gateway.contacts.events import ContactEvent, next_contact
        from gateway.contacts.naming import change_to_json, parse_contact, verify_known

        key = parse_contact(home, partner, self._homes)
        with self._database:
            before = self._store.find(key)
            if event is ContactEvent.ADMINISTRATOR_REMOVES:
                verify_known(key, before)
            after = next_contact(before, event)
            if not dry_run:
                self._store.write([(key, after)])
        return {**change_to_json(key, before, after), "warnings": []}


def open_contacts(context: GatewayContext) -> ContactAccess:
    """Give the contacts of the running gateway, or those in its database if none listens.

    Raises:
        ConfigError: no gateway listens, and the configuration that names the database is wrong.
        PermissionDeniedError: the control socket may not be used.
    """
    client = context.running(changing=True)
    if client is None:
        context.output.detail("no gateway listens; opening its database")
        return StoredContacts(context.settings_of_the_stopped())
    return LiveContacts(client)
