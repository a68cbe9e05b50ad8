from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.contacts.knocks import Knock
from gateway.contacts.naming import (
    change_to_json,
    contact_to_json,
    is_named,
    knock_to_json,
    list_contacts,
    parse_contact,
    verify_home,
    verify_known,
)
from gateway.errors import AddressError, ContactRefusedError
from gateway.model.contact import NO_CONTACT, Contact, ContactKey
from gateway.model.jid import Jid

HOMES = {"contoso.example"}
KEY = ContactKey("bob", "contoso.example", "alice", "fabrikam.example")
FLAGS = {"listed": False, "asked": False, "to": False, "granted": False, "pinned": False}


def test_a_pair_is_prepared_as_its_stanzas_are() -> None:
    assert parse_contact("BOB@contoso.example", "alice@FABRIKAM.example", HOMES) == KEY
    assert parse_contact("bob@contoso.example", "fabrikam.example", HOMES).partner_local == ""


@pytest.mark.parametrize(
    ("home", "partner", "code"),
    [
        ("bob@fabrikam.example", "alice@contoso.example", "contact-home"),
        ("contoso.example", "alice@fabrikam.example", "contact-home"),
        ("bob@contoso.example/desk", "alice@fabrikam.example", "contact-home"),
        ("@", "alice@fabrikam.example", "contact-home"),
        ("bob@contoso.example", "eve@contoso.example", "contact-partner"),
        ("bob@contoso.example", "alice@fabrikam.example/x", "contact-partner"),
        ("bob@contoso.example", "a b@fabrikam.example", "contact-partner"),
    ],
)
def test_what_is_no_pair_says_which_side(home: str, partner: str, code: str) -> None:
    with pytest.raises(ContactRefusedError) as caught:
        parse_contact(home, partner, HOMES)
    assert caught.value.code == code
    assert caught.value.hint


def test_a_domain_names_all_its_users_and_nothing_names_all() -> None:
    bob = Jid.parse("bob@contoso.example")
    assert all(is_named(bob, text) for text in ("", "contoso.example", "Bob@Contoso.example"))
    assert not any(is_named(bob, text) for text in ("eve@contoso.example", "fabrikam.example"))
    with pytest.raises(AddressError):
        is_named(bob, "@")


def test_lists_in_order_what_is_named() -> None:
    other = ContactKey("ann", "contoso.example", "eve", "litware.example")
    rows = [(KEY, Contact(listed=True)), (other, Contact(granted=True))]
    assert [row["home"] for row in list_contacts(rows, "", "")] == ["ann@contoso.example", "bob@contoso.example"]
    assert list_contacts(rows, "", "fabrikam.example") == [contact_to_json(KEY, Contact(listed=True))]
    assert list_contacts(rows, "ann@contoso.example", "fabrikam.example") == []


def test_shapes() -> None:
    pair = {"home": "bob@contoso.example", "partner": "alice@fabrikam.example"}
    assert contact_to_json(KEY, Contact(to=True)) == {**pair, **FLAGS, "to": True}
    now = datetime(2026, 11, 26, tzinfo=UTC)
    assert knock_to_json(KEY, Knock(2, now, now)) == {
        **pair,
        "count": 2,
        "first": "2026-11-26T00:00:00Z",
        "last": "2026-11-26T00:00:00Z",
    }
    changed = change_to_json(KEY, NO_CONTACT, Contact(pinned=True))
    assert changed == {**pair, "changed": True, "before": FLAGS, "after": {**FLAGS, "pinned": True}}


def test_nothing_can_be_removed_that_is_not_there() -> None:
    verify_known(KEY, Contact(granted=True))
    with pytest.raises(ContactRefusedError, match="no contacts"):
        verify_known(KEY, NO_CONTACT)


def test_a_home_that_is_named_must_be_one() -> None:
    for text in ("", "contoso.example", "CONTOSO.example", "bob@contoso.example"):
        verify_home(text, HOMES)
    with pytest.raises(ContactRefusedError) as refused:
        verify_home("bob@contoso.exmple", HOMES)
    assert (refused.value.code, refused.value.hint) == ("no-such-home", "the home domains are contoso.example")
