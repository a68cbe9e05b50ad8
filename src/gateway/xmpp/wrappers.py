"""Wrappers that only a user's own server may make, taken out of what comes from partners.

A client believes carbons and archive results because its own server sends nobody else's (XEP-0280 §11, XEP-0313 §8),
a stanza id because the server removes forged ones (XEP-0359 §6), and a delay stamp by its own server's word (XEP-0203).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gateway.errors import AddressError
from gateway.model.jid import Jid
from gateway.xmpp import namespaces as ns
from gateway.xmpp.element import Element, write_element
from gateway.xmpp.stanza import envelope_tree

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from gateway.model.envelope import Envelope

STANZA_ID: Final = "urn:xmpp:sid:0"
DELAYS: Final = frozenset({"urn:xmpp:delay", "jabber:x:delay"})
_NEVER: Final = ("urn:xmpp:carbons:", "urn:xmpp:mam:")
# A start tag as far as its end, attribute values with ">" inside and all; an envelope's bytes use no prefixes.
_SIGNED: Final = re.compile(rb"""<(?:stanza-id|delay)(?:[^"'>]|"[^"]*"|'[^']*')*|jabber:x:delay""")


class WrapperFilter:
    """Knows the home domains, whose word a partner may not forge."""

    def __init__(self, homes: Iterable[str]) -> None:
        """Guard the names ``homes``."""
        self._homes: Container[str] = frozenset(homes)
        self._spelled = tuple(home.encode() for home in homes)

    def clean(self, envelope: Envelope) -> Envelope:
        """Give a partner's stanza without forged wrappers; nearly always as it is."""
        raw = envelope.raw
        if (b"urn:xmpp:" not in raw and b"jabber:x:delay" not in raw) or not self._is_suspect(raw):
            return envelope
        tree = envelope_tree(envelope)
        kept = tuple(child for child in tree.children if isinstance(child, str) or not self._is_forged(child))
        if len(kept) == len(tree.children):
            return envelope
        return replace(envelope, raw=write_element(replace(tree, children=kept), ns.SERVER))

    def _is_suspect(self, raw: bytes) -> bool:
        """Whether it pays to build a tree: most messages bear an id of their sender's own archive."""
        if b"urn:xmpp:carbons:" in raw or b"urn:xmpp:mam:" in raw:
            return True
        if b"<stanza-id" not in raw and b"delay" not in raw:
            return False
        return any(self._may_name_home(tag) for tag in _SIGNED.findall(raw))

    def _may_name_home(self, tag: bytes) -> bool:
        if b"&" in tag or not tag.isascii() or tag == b"jabber:x:delay":
            return True
        lowered = tag.lower()
        return any(home in lowered for home in self._spelled)

    def _is_forged(self, child: Element) -> bool:
        if child.namespace.startswith(_NEVER):
            return True
        if child.namespace == STANZA_ID and child.name == "stanza-id":
            return self._is_home(child.attributes.get("by", ""))
        return child.namespace in DELAYS and self._is_home(child.attributes.get("from", ""))

    def _is_home(self, address: str) -> bool:
        try:
            return Jid.parse(address).domain in self._homes
        except AddressError:
            return bool(address)  # what cannot be read cannot be believed
