from __future__ import annotations

from itertools import product

import pytest

from gateway.contacts.events import EFFECTS, ContactEvent, next_contact
from gateway.model.contact import NO_CONTACT, Contact

E = ContactEvent
EVERY = [Contact(*flags) for flags in product((False, True), repeat=5)]


def test_each_event_has_its_effect() -> None:
    assert set(EFFECTS) == set(ContactEvent)


@pytest.mark.parametrize(
    ("before", "event", "after"),
    [
        (NO_CONTACT, E.HOME_SUBSCRIBE, Contact(listed=True, asked=True)),
        (NO_CONTACT, E.HOME_SUBSCRIBED, Contact(listed=True, granted=True)),
        (Contact(listed=True, asked=True), E.HOME_UNSUBSCRIBE, NO_CONTACT),
        (Contact(listed=True, to=True), E.HOME_UNSUBSCRIBE, NO_CONTACT),
        (Contact(listed=True, to=True, granted=True), E.HOME_UNSUBSCRIBE, Contact(listed=True, granted=True)),
        (Contact(listed=True, granted=True), E.HOME_UNSUBSCRIBED, NO_CONTACT),
        (Contact(listed=True, to=True, granted=True), E.HOME_UNSUBSCRIBED, Contact(listed=True, to=True)),
        (Contact(listed=True, asked=True, granted=True), E.HOME_UNSUBSCRIBED, Contact(listed=True, asked=True)),
        (Contact(listed=True, asked=True), E.PARTNER_SUBSCRIBED, Contact(listed=True, to=True)),
        (NO_CONTACT, E.PARTNER_SUBSCRIBED, NO_CONTACT),
        (Contact(listed=True, to=True), E.PARTNER_SUBSCRIBED, Contact(listed=True, to=True)),
        (Contact(listed=True, to=True, granted=True), E.PARTNER_UNSUBSCRIBED, Contact(listed=True, granted=True)),
        (Contact(listed=True, asked=True), E.PARTNER_UNSUBSCRIBED, Contact(listed=True)),
        (Contact(listed=True, to=True, granted=True), E.PARTNER_UNSUBSCRIBE, Contact(listed=True, to=True)),
        (NO_CONTACT, E.GATEWAY_SUBSCRIBED, Contact(granted=True)),
        (NO_CONTACT, E.ADMINISTRATOR_ADDS, Contact(pinned=True)),
        (Contact(listed=True, to=True, granted=True, pinned=True), E.ADMINISTRATOR_REMOVES, NO_CONTACT),
    ],
)
def test_the_table_of_events(before: Contact, event: ContactEvent, after: Contact) -> None:
    assert next_contact(before, event) == after


@pytest.mark.parametrize("event", [event for event in E if not event.startswith("an administrator")])
def test_no_stanza_touches_a_pin(event: ContactEvent) -> None:
    assert all(next_contact(contact, event).pinned == contact.pinned for contact in EVERY)


@pytest.mark.parametrize("event", E)
def test_an_event_that_comes_again_changes_nothing_more(event: ContactEvent) -> None:
    for contact in EVERY:
        once = next_contact(contact, event)
        again = next_contact(once, event)
        # Only these judge by what they themselves clear: the second one may finish what the first left listed.
        assert again == once or event in {E.HOME_UNSUBSCRIBE, E.HOME_UNSUBSCRIBED}


@pytest.mark.parametrize("event", [event for event in E if not event.startswith("home")])
def test_only_the_home_user_lists(event: ContactEvent) -> None:
    assert not any(next_contact(contact, event).listed and not contact.listed for contact in EVERY)
