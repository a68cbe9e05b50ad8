from __future__ import annotations

from gateway.model.contact import NO_CONTACT, Contact, ContactKey
from gateway.model.jid import Jid


def test_a_key_is_of_bare_prepared_addresses() -> None:
    key = ContactKey.of(Jid.parse("Bob@CONTOSO.example/desk"), Jid.parse("alice@fabrikam.example/phone"))
    assert key == ("bob", "contoso.example", "alice", "fabrikam.example")
    assert (str(key.home), str(key.partner)) == ("bob@contoso.example", "alice@fabrikam.example")


def test_nothing_is_no_contact_and_a_pin_lists() -> None:
    assert not NO_CONTACT.exists
    assert Contact(asked=True).exists
    assert not Contact(granted=True).is_listed
    assert Contact(pinned=True).is_listed
    assert Contact(listed=True).is_listed
