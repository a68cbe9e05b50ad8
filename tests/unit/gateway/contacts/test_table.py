from __future__ import annotations

from gateway.contacts.table import ContactTable
from gateway.model.contact import NO_CONTACT, Contact, ContactKey

KEY = ContactKey("bob", "contoso.example", "alice", "fabrikam.example")
OTHER = ContactKey("bob", "contoso.example", "eve", "fabrikam.example")
LISTED = Contact(listed=True)


def test_finds_what_was_put_and_nothing_else() -> None:
    table = ContactTable([(KEY, LISTED)])
    assert table.find(KEY) == LISTED
    assert table.find(OTHER) is NO_CONTACT
    assert dict(table) == {KEY: LISTED}


def test_what_is_no_contact_any_more_is_gone_and_not_counted() -> None:
    table = ContactTable([(KEY, LISTED), (OTHER, LISTED)])
    table.put(KEY, Contact(granted=True))
    assert table.count("fabrikam.example") == 2
    table.put(KEY, NO_CONTACT)
    table.put(KEY, NO_CONTACT)
    assert (len(table), table.count("fabrikam.example")) == (1, 1)
    table.put(OTHER, NO_CONTACT)
    assert (len(table), table.count("fabrikam.example")) == (0, 0)
