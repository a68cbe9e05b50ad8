"""Presence that the gateway sends in a user's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from gateway.xmpp import namespaces as ns
from gateway.xmpp.element import Element
from gateway.xmpp.stanza import build_envelope

if TYPE_CHECKING:
    from gateway.model.envelope import Envelope
    from gateway.model.jid import Jid

PresenceType = Literal["subscribed", "unsubscribed", "probe", "unavailable"]


def build_presence(type_: PresenceType, from_: Jid, to: Jid) -> Envelope:
    """Give an empty presence stanza; subscriptions and probes are between bare JIDs (RFC 6121 §3, §4.3)."""
    attributes = {"type": type_, "from": from_.wire, "to": to.wire}
    return build_envelope(Element(ns.SERVER, "presence", attributes))
