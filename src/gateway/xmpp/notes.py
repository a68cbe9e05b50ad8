"""What a partner of type federated alone may see: a home user's status notes, taken out of stanzas for all others.

Presence is built anew from the few things that are not notes, so that a note leaks by no element that is invented
tomorrow. Of messages and answers only what can carry a note is looked into, and only if their bytes name it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from gateway.xmpp import namespaces as ns
from gateway.xmpp.element import Element, parse_element, write_element
from gateway.xmpp.stanza import envelope_tree

if TYPE_CHECKING:
    from gateway.model.envelope import Envelope
    from gateway.xmpp.element import Child

CAPS: Final = "http://jabber.org/protocol/caps"  # XEP-0115
LAST: Final = "jabber:iq:last"  # XEP-0012
PUBSUB: Final = "http://jabber.org/protocol/pubsub"  # XEP-0060
PUBSUB_EVENT: Final = "http://jabber.org/protocol/pubsub#event"
PERSONAL: Final = frozenset(
    {
        "http://jabber.org/protocol/activity",  # XEP-0108
        "http://jabber.org/protocol/mood",  # XEP-0107
        "http://jabber.org/protocol/nick",  # XEP-0172
        "http://jabber.org/protocol/tune",  # XEP-0118
    }
)
"""What a message says of its sender's state beside its body."""
KEY_NODES: Final = (
    "eu.siacs.conversations.axolotl.",  # OMEMO, XEP-0384 0.3
    "urn:xmpp:omemo:",
    "urn:xmpp:openpgp:",  # XEP-0373
)
"""Beginnings of the nodes of a user that are no notes: without these keys nobody can write to the user in secret."""

_SHOWS: Final = frozenset({"away", "chat", "dnd", "xa"})  # RFC 6121 §4.7.2.1
_PRIORITY: Final = re.compile(r"[+-]?[0-9]{1,3}")
_ENVELOPE_ATTRIBUTES: Final = ("type", "id", "from", "to")
# A start tag, or an empty element, that has nothing but what may pass.
_USUAL_START: Final = re.compile(rb"""<presence(?: (?:type|id|from|to)=(?:'[^'<>&]*'|"[^"<>&]*"))*(?:>|/>\Z)""")
_END: Final = b"</presence>"
_MAX_CACHED: Final = 4096
_CAPS_ATTRIBUTES: Final = ("hash", "node", "ver")
_IN_MESSAGES: Final = re.compile(rb"protocol/(?:pubsub#event|activity|mood|nick|tune)")


def without_notes(envelope: Envelope) -> Envelope | None:
    """Give ``envelope`` of a home user without any status note; None where nothing but a note was in it."""
    raw = envelope.raw
    if envelope.kind == "presence":
        return _presence(envelope)
    if envelope.kind == "message":
        return _message(envelope) if _IN_MESSAGES.search(raw) else envelope
    if LAST.encode() in raw or (envelope.type == "result" and PUBSUB.encode() in raw):
        personal = envelope.type == "result" and bool(envelope.from_.local)
        return _written(envelope, _bare_iq(envelope_tree(envelope), personal=personal))
    return envelope


def _written(envelope: Envelope, element: Element) -> Envelope:
    return replace(envelope, raw=write_element(element, ns.SERVER))


# --- presence


def _presence(envelope: Envelope) -> Envelope:
    """Build presence anew; a user's presence goes to many, and what is inside is built once for all of them."""
    raw = envelope.raw
    start = _USUAL_START.match(raw)
    if start is not None and start.end() == len(raw):
        return envelope
    if start is None or len(raw) > _MAX_CACHED or not raw.endswith(_END):
        return _written(envelope, _bare_presence(envelope_tree(envelope)))
    inside = _bare_inside(raw[start.end() : -len(_END)], envelope.type)
    return replace(envelope, raw=b"".join((raw[: start.end()], inside, _END)))


@lru_cache(maxsize=4096)
def _bare_inside(inside: bytes, type_: str) -> bytes:
    """Give what may pass of the bytes between start and end tag."""
    tree = parse_element(b"<presence>" + inside + _END, {"": ns.SERVER})
    kept = (_bare_child(child, type_) for child in tree)
    return b"".join(write_element(child, ns.SERVER) for child in kept if child is not None)


def _bare_presence(tree: Element) -> Element:
    attributes = {name: tree.attributes[name] for name in _ENVELOPE_ATTRIBUTES if name in tree.attributes}
    kept = (_bare_child(child, attributes.get("type", "")) for child in tree)
    return Element(ns.SERVER, "presence", attributes, tuple(child for child in kept if child is not None))


def _bare_child(child: Element, type_: str) -> Element | None:
    if type_ == "error":
        return _bare_error(child) if (child.namespace, child.name) == (ns.SERVER, "error") else None
    if type_:
        return None
    text = child.text.strip()
    match child.namespace, child.name:
        case ns.SERVER, "show" if text in _SHOWS:
            return Element(ns.SERVER, "show", {}, (text,))
        case ns.SERVER, "priority" if _PRIORITY.fullmatch(text):
            return Element(ns.SERVER, "priority", {}, (text,))
        case namespace, "c" if namespace == CAPS:
            said = {name: child.attributes[name] for name in _CAPS_ATTRIBUTES if name in child.attributes}
            return Element(CAPS, "c", said)
        case _:
            return None


def _bare_error(error: Element) -> Element:
    """Keep what the error is called, not what it says."""
    conditions = tuple(
        Element(child.namespace, child.name)
        for child in error
        if child.namespace == ns.STANZA_ERRORS and child.name != "text"
    )
    said = {"type": error.attributes["type"]} if "type" in error.attributes else {}
    return Element(ns.SERVER, "error", said, conditions)


# --- messages


def _message(envelope: Envelope) -> Envelope | None:
    tree = envelope_tree(envelope)
    personal = bool(envelope.from_.local)
    kept = tuple(child for child in tree.children if isinstance(child, str) or not _is_note(child, personal=personal))
    if len(kept) == len(tree.children):
        return envelope
    if not any(isinstance(child, Element) for child in kept):
        return None
    return _written(envelope, replace(tree, children=kept))


def _is_note(child: Element, *, personal: bool) -> bool:
    if child.namespace == PUBSUB_EVENT:
        # What a service of the domain publishes is no user's note; of a user's own nodes only keys pass.
        return personal and not all(_is_key_node(inner) for inner in child)
    return child.namespace in PERSONAL


def _is_key_node(items: Element) -> bool:
    return items.attributes.get("node", "").startswith(KEY_NODES)


# --- queries and answers


def _bare_iq(tree: Element, *, personal: bool) -> Element:
    return replace(tree, children=tuple(_bare_payload(child, personal=personal) for child in tree.children))


def _bare_payload(child: Child, *, personal: bool) -> Child:
    if isinstance(child, str):
        return child
    if child.namespace == LAST:
        # XEP-0012 §4: the text of an offline user's answer is the status of the last unavailable presence.
        return replace(child, children=())
    if child.namespace == PUBSUB and personal:
        inner = tuple(
            replace(each, children=()) if isinstance(each, Element) and not _is_key_node(each) else each
            for each in child.children
        )
        return replace(child, children=inner)
    return child
