"""Stanzas: read from the bytes of a stream into envelopes, and the few that the gateway itself writes.

A stanza is forwarded as the slice of input that it was, unless the slice would not mean the same on another stream or
must be rewritten; then its tree is written anew.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gateway.errors import AddressError, Condition, RemoteProtocolError, StanzaCondition
from gateway.model.envelope import STANZA_KINDS, Envelope, StanzaKind
from gateway.model.jid import Jid
from gateway.xmpp import namespaces as ns
from gateway.xmpp.element import SEPARATOR, Element, parse_element, write_element

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.xmpp.xml import ElementReceived

_XML_LANG: Final = f"{ns.XML}{SEPARATOR}lang"
_KINDS: Final[Mapping[str, Mapping[str, StanzaKind]]] = {
    content: {f"{content}{SEPARATOR}{kind}": kind for kind in STANZA_KINDS} for content in (ns.SERVER, ns.COMPONENT)
}
_DEFAULT_TYPES: Final[Mapping[StanzaKind, str]] = {"message": "normal", "presence": "", "iq": ""}
# What makes a slice mean something else on another stream: CDATA (parsers differ), a prefix on an element, a prefix on
# an attribute or a declaration of one, a content namespace said aloud, or a namespace hidden behind a character
# reference. Text that merely looks like it costs a rewrite, no more.
_NOT_PLAIN: Final = re.compile(
    rb"""<!\[CDATA\[
    |</?[^\s/>:]*:
    |\s(?!xml:lang\s*=)[^\s=<>"'/:]+:[^\s=<>"'/:]+\s*=
    |xmlns\s*=\s*(?:'[^'&]*&|"[^"&]*&|["']jabber:(?:server|component:accept)["'])""",
    re.VERBOSE,
)
# RFC 6120 §8.3.3 names the type that goes with each condition.
_ERROR_TYPES: Final[Mapping[StanzaCondition, str]] = {
    StanzaCondition.BAD_REQUEST: "modify",
    StanzaCondition.FORBIDDEN: "auth",
    StanzaCondition.JID_MALFORMED: "modify",
    StanzaCondition.POLICY_VIOLATION: "modify",
    StanzaCondition.REMOTE_SERVER_TIMEOUT: "wait",
    StanzaCondition.RESOURCE_CONSTRAINT: "wait",
}
_DOMAIN_SCOPE: Final = {"": ns.SERVER}
_MAX_PING: Final = 4096


def is_plain_slice(raw: bytes) -> bool:
    """Whether ``raw``, a stanza as it was received, means the same on every stream."""
    return _NOT_PLAIN.search(raw) is None


def stanza_kind(event: ElementReceived, content: str = ns.SERVER) -> StanzaKind | None:
    """Give the kind of stanza that ``event`` is on a stream of that content namespace, or None if it is no stanza."""
    return _KINDS[content].get(event.name)


def read_envelope(event: ElementReceived, kind: StanzaKind, content: str = ns.SERVER) -> Envelope:
    """Give the envelope of a stanza received on a stream of that content namespace.

    Raises:
        RemoteProtocolError: ``improper-addressing``: an address is missing or is no JID (RFC 6120 §4.9.3.7).
    """
    attributes = event.attributes
    from_text, to_text = attributes.get("from", ""), attributes.get("to", "")
    try:
        from_, to = Jid.parse(from_text), Jid.parse(to_text)
    except AddressError as error:
        raise RemoteProtocolError(Condition.IMPROPER_ADDRESSING, _address_fault(from_text, to_text)) from error
    raw = event.raw
    if not (from_.is_spelled(from_text) and to.is_spelled(to_text) and is_plain_slice(raw)):
        raw = _rewrite(event, from_, to, content)
    return Envelope(kind, attributes.get("type", _DEFAULT_TYPES[kind]), attributes.get("id", ""), from_, to, raw)


def _address_fault(from_text: str, to_text: str) -> str:
    missing = [name for name, text in (("from", from_text), ("to", to_text)) if not text]
    return f"a stanza without {' and '.join(missing)}" if missing else "an address of a stanza is no JID"


def _rewrite(event: ElementReceived, from_: Jid, to: Jid, content: str) -> bytes:
    element = event.tree()
    attributes = {**element.attributes, "from": from_.wire, "to": to.wire}
    rename = {} if content == ns.SERVER else {content: ns.SERVER}
    return write_element(replace(element, attributes=attributes), ns.SERVER, rename)


def envelope_tree(envelope: Envelope) -> Element:
    """Give the tree of an envelope's stanza, in ``jabber:server``."""
    return parse_element(envelope.raw, _DOMAIN_SCOPE)


def raw_for_component(envelope: Envelope) -> bytes:
    """Give the envelope's bytes for a stream whose content namespace is ``jabber:component:accept``."""
    raw = envelope.raw
    if b"jabber:server" not in raw:
        return raw
    return write_element(envelope_tree(envelope), ns.COMPONENT, {ns.SERVER: ns.COMPONENT})


def build_envelope(element: Element) -> Envelope:
    """Give the envelope of a stanza that the gateway made; ``element`` is in ``jabber:server`` and has both addresses.

    Raises:
        AddressError: an address is missing or is no JID.
        ValueError: it is no stanza.
    """
    kind = _KINDS[ns.SERVER].get(f"{element.namespace}{SEPARATOR}{element.name}")
    if kind is None:
        message = f"{element.name} is no stanza"
        raise ValueError(message)
    attributes = element.attributes
    from_, to = Jid.parse(attributes.get("from", "")), Jid.parse(attributes.get("to", ""))
    raw = write_element(element, ns.SERVER)
    return Envelope(kind, attributes.get("type", _DEFAULT_TYPES[kind]), attributes.get("id", ""), from_, to, raw)


def error_reply(envelope: Envelope, condition: StanzaCondition, text: str = "") -> Envelope | None:
    """Give the stanza error that answers ``envelope``, or None where no answer is allowed.

    Errors are never answered (RFC 6120 §8.3.1), nor are the answers to an iq (§8.2.3).
    """
    if envelope.is_error or (envelope.kind == "iq" and envelope.type == "result"):
        return None
    children = [Element(ns.STANZA_ERRORS, condition.value)]
    if text:
        children.append(Element(ns.STANZA_ERRORS, "text", {_XML_LANG: "en"}, (text,)))
    error = Element(ns.SERVER, "error", {"type": _ERROR_TYPES.get(condition, "cancel")}, tuple(children))
    return build_envelope(Element(ns.SERVER, envelope.kind, _reply_attributes(envelope, "error"), (error,)))


def is_ping(envelope: Envelope) -> bool:
    """Whether the stanza is an XEP-0199 ping to a domain itself."""
    if envelope.kind != "iq" or envelope.type != "get" or envelope.to.local or envelope.to.resource:
        return False
    # The substring keeps the tree from being built for every other iq; the length, from being built for a large one.
    if b"urn:xmpp:ping" not in envelope.raw or len(envelope.raw) > _MAX_PING:
        return False
    return envelope_tree(envelope).find(ns.PING, "ping") is not None


def ping_reply(envelope: Envelope) -> Envelope:
    """Give the answer to an XEP-0199 ping."""
    return build_envelope(Element(ns.SERVER, "iq", _reply_attributes(envelope, "result")))


def _reply_attributes(envelope: Envelope, type_: str) -> dict[str, str]:
    attributes = {"type": type_, "from": envelope.to.wire, "to": envelope.from_.wire}
    return {**attributes, "id": envelope.id} if envelope.id else attributes
