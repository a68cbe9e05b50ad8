"""Contacts as administrators name them and see them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from edgecert.shared.clock import format_time
from gateway.errors import AddressError, ContactRefusedError
from gateway.model.contact import ContactKey
from gateway.model.jid import Jid

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable

    from edgecert.shared.jsonvalue import JsonObject
    from gateway.contacts.knocks import Knock
    from gateway.model.contact import Contact


def parse_contact(home: str, partner: str, homes: Container[str]) -> ContactKey:
    """Give the pair that two texts name.

    Raises:
        ContactRefusedError: ``contact-home``: the first is no user of ``homes``; ``contact-partner``: the second is no
            bare JID, or one of ours.
    """
    own = _parse(home, "contact-home", "give the home user first, as bob@contoso.example")
    other = _parse(partner, "contact-partner", "give the partner's user second, as alice@fabrikam.example")
    if own.domain not in homes or not own.local:
        raise ContactRefusedError(
            f"{own} is no user of a home domain", code="contact-home", hint="give the home user first"
        )
    if other.domain in homes:
        raise ContactRefusedError(
            f"{other} is of a home domain", code="contact-partner", hint="give the partner's user second"
        )
    return ContactKey.of(own, other)


def _parse(text: str, code: str, hint: str) -> Jid:
    try:
        jid = Jid.parse(text)
    except AddressError as error:
        raise ContactRefusedError(error.message, code=code, hint=hint) from error
    if jid.resource:
        raise ContactRefusedError(f"{text} names a resource; contacts are of bare JIDs", code=code, hint=hint)
    return jid


def is_named(address: Jid, text: str) -> bool:
    """Whether ``text``, a bare JID or a domain as somebody typed it, names ``address``; the empty text names all.

    Raises:
        AddressError: ``text`` is no JID.
    """
    if not text:
        return True
    wanted = Jid.parse(text)
    return wanted.domain == address.domain and wanted.local in {"", address.local}


def verify_home(text: str, homes: Collection[str]) -> None:
    """Be sure that ``text``, a bare JID or a domain or empty for all, is of one of ``homes``.

    Raises:
        AddressError: it is no JID.
        ContactRefusedError: ``no-such-home``.
    """
    if text and (domain := Jid.parse(text).domain) not in homes:
        hint = f"the home domains are {', '.join(sorted(homes))}"
        raise ContactRefusedError(f"{domain} is no home domain", code="no-such-home", hint=hint)


def contact_to_json(key: ContactKey, contact: Contact) -> JsonObject:
    """Give a contact with its pair."""
    return {"home": str(key.home), "partner": str(key.partner), **flags_to_json(contact)}


def flags_to_json(contact: Contact) -> JsonObject:
    """Give the flags of a contact."""
    return asdict(contact)


def knock_to_json(key: ContactKey, knock: Knock) -> JsonObject:
    """Give who knocked, how often, and when."""
    return {
        "home": str(key.home),
        "partner": str(key.partner),
        "count": knock.count,
        "first": format_time(knock.first),
        "last": format_time(knock.last),
    }


def list_contacts(contacts: Iterable[tuple[ContactKey, Contact]], home: str, partner: str) -> list[JsonObject]:
    """Give the contacts whose both sides are named by ``home`` and ``partner``, in order.

    Raises:
        AddressError: one of them is no JID.
    """
    found = [(key, contact) for key, contact in contacts if is_named(key.home, home) and is_named(key.partner, partner)]
    return [contact_to_json(key, contact) for key, contact in sorted(found, key=lambda item: item[0])]


def change_to_json(key: ContactKey, before: Contact, after: Contact) -> JsonObject:
    """Give what an administrator's change did."""
    return {
        "home": str(key.home),
        "partner": str(key.partner),
        "changed": before != after,
        "before": flags_to_json(before),
        "after": flags_to_json(after),
    }


def verify_known(key: ContactKey, contact: Contact) -> None:
    """Be sure that there is something to remove.

    Raises:
        ContactRefusedError: ``no-such-contact``: there is not.
    """
    if not contact.exists:
        raise ContactRefusedError(
            f"{key.home} and {key.partner} are no contacts",
            code="no-such-contact",
            hint="edgecert-gateway contacts list shows all",
        )
