"""How a contact changes: one table, an effect per event.

The home side owns rosters; this is only what the gateway must know to decide. Messages, probes, queries and presence
change nothing, so that nobody is listed by accident.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, assert_never

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.model.contact import Contact


class ContactEvent(StrEnum):
    """What happens to a contact: a subscription stanza from one of both sides, or an administrator's word."""

    HOME_SUBSCRIBE = "home sends subscribe"
    HOME_SUBSCRIBED = "home sends subscribed"
    HOME_UNSUBSCRIBE = "home sends unsubscribe"
    HOME_UNSUBSCRIBED = "home sends unsubscribed"
    PARTNER_SUBSCRIBED = "partner sends subscribed"
    PARTNER_UNSUBSCRIBE = "partner sends unsubscribe"
    PARTNER_UNSUBSCRIBED = "partner sends unsubscribed"
    GATEWAY_SUBSCRIBED = "the gateway approves"
    ADMINISTRATOR_ADDS = "an administrator adds"
    ADMINISTRATOR_REMOVES = "an administrator removes"


class Change(StrEnum):
    """What becomes of one flag; the value is how the documentation writes it."""

    KEEP = "–"
    SET = "set"
    CLEAR = "cleared"
    CLEAR_UNLESS_GRANTED = "cleared unless granted"
    CLEAR_UNLESS_WANTED = "cleared unless asked or to"
    SET_IF_ASKED = "set if asked"


@dataclass(frozen=True, slots=True)
class Effect:
    """What an event does to each flag. Every change is judged by the contact as it was before the event."""

    listed: Change = Change.KEEP
    asked: Change = Change.KEEP
    to: Change = Change.KEEP
    granted: Change = Change.KEEP
    pinned: Change = Change.KEEP


_E, _C = ContactEvent, Change
EFFECTS: Final[Mapping[ContactEvent, Effect]] = {
    _E.HOME_SUBSCRIBE: Effect(listed=_C.SET, asked=_C.SET),
    _E.HOME_SUBSCRIBED: Effect(listed=_C.SET, granted=_C.SET),
    _E.HOME_UNSUBSCRIBE: Effect(listed=_C.CLEAR_UNLESS_GRANTED, asked=_C.CLEAR, to=_C.CLEAR),
    _E.HOME_UNSUBSCRIBED: Effect(listed=_C.CLEAR_UNLESS_WANTED, granted=_C.CLEAR),
    _E.PARTNER_SUBSCRIBED: Effect(asked=_C.CLEAR, to=_C.SET_IF_ASKED),
    _E.PARTNER_UNSUBSCRIBE: Effect(granted=_C.CLEAR),
    _E.PARTNER_UNSUBSCRIBED: Effect(asked=_C.CLEAR, to=_C.CLEAR),
    _E.GATEWAY_SUBSCRIBED: Effect(granted=_C.SET),
    _E.ADMINISTRATOR_ADDS: Effect(pinned=_C.SET),
    _E.ADMINISTRATOR_REMOVES: Effect(_C.CLEAR, _C.CLEAR, _C.CLEAR, _C.CLEAR, _C.CLEAR),
}


def next_contact(contact: Contact, event: ContactEvent) -> Contact:
    """Give ``contact`` as it is after ``event``."""
    effect = EFFECTS[event]
    return replace(
        contact,
        listed=_changed(contact, contact.listed, effect.listed),
        asked=_changed(contact, contact.asked, effect.asked),
        to=_changed(contact, contact.to, effect.to),
        granted=_changed(contact, contact.granted, effect.granted),
        pinned=_changed(contact, contact.pinned, effect.pinned),
    )


def _changed(before: Contact, flag: bool, change: Change) -> bool:
    match change:
        case Change.KEEP:
            return flag
        case Change.SET:
            return True
        case Change.CLEAR:
            return False
        case Change.CLEAR_UNLESS_GRANTED:
            return flag and before.granted
        case Change.CLEAR_UNLESS_WANTED:
            return flag and (before.asked or before.to)
        case Change.SET_IF_ASKED:
            return flag or before.asked
        case _ as never:
            assert_never(never)
