"""All contacts as decisions read them: frozen values by pair, in memory."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gateway.model.contact import NO_CONTACT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gateway.model.contact import Contact, ContactKey


class ContactTable:
    """The contacts of this moment. A contact is never changed, only replaced, when its change has been committed."""

    def __init__(self, contacts: Iterable[tuple[ContactKey, Contact]] = ()) -> None:
        """Begin with ``contacts``."""
        self._contacts: dict[ContactKey, Contact] = {}
        self._per_domain: Counter[str] = Counter()
        for key, contact in contacts:
            self.put(key, contact)

    def find(self, key: ContactKey) -> Contact:
        """Give the contact of a pair; one with every flag down where there is none."""
        return self._contacts.get(key, NO_CONTACT)

    def put(self, key: ContactKey, contact: Contact) -> None:
        """Replace the contact of a pair; one with every flag down takes it away."""
        before = self._contacts.pop(key, None)
        if contact.exists:
            self._contacts[key] = contact
        self._per_domain[key.partner_domain] += int(contact.exists) - int(before is not None)
        if not self._per_domain[key.partner_domain]:
            del self._per_domain[key.partner_domain]

    def count(self, partner_domain: str) -> int:
        """Give how many contacts there are with users of a partner's domain."""
        return self._per_domain[partner_domain]

    def __iter__(self) -> Iterator[tuple[ContactKey, Contact]]:
        return iter(self._contacts.items())

    def __len__(self) -> int:
        return len(self._contacts)
