"""What a stanza does, as far as policy tells stanzas apart."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.model.envelope import Envelope, StanzaKind


class Act(Enum):
    """The rows of the policy tables; the value is how the documentation writes the row."""

    __hash__ = object.__hash__  # looked up for every stanza; the one of Enum is several times as slow

    SUBSCRIBE = "presence `subscribe`"
    SUBSCRIBED = "presence `subscribed`"
    UNSUBSCRIBE = "presence `unsubscribe`"
    UNSUBSCRIBED = "presence `unsubscribed`"
    PROBE = "presence `probe`"
    AVAILABLE = "presence without type"
    UNAVAILABLE = "presence `unavailable`"
    MESSAGE = "message `chat`, `normal`, `headline`"
    GROUPCHAT = "message `groupchat`"
    REQUEST = "iq `get`, `set`"
    RESPONSE = "iq `result`, `error`"
    ERROR = "message or presence `error`"


_ACTS: Final[Mapping[tuple[StanzaKind, str], Act]] = {
    ("presence", "subscribe"): Act.SUBSCRIBE,
    ("presence", "subscribed"): Act.SUBSCRIBED,
    ("presence", "unsubscribe"): Act.UNSUBSCRIBE,
    ("presence", "unsubscribed"): Act.UNSUBSCRIBED,
    ("presence", "probe"): Act.PROBE,
    ("presence", ""): Act.AVAILABLE,
    ("presence", "unavailable"): Act.UNAVAILABLE,
    ("presence", "error"): Act.ERROR,
    ("message", "chat"): Act.MESSAGE,
    ("message", "normal"): Act.MESSAGE,
    ("message", "headline"): Act.MESSAGE,
    ("message", "groupchat"): Act.GROUPCHAT,
    ("message", "error"): Act.ERROR,
    ("iq", "get"): Act.REQUEST,
    ("iq", "set"): Act.REQUEST,
    ("iq", "result"): Act.RESPONSE,
    ("iq", "error"): Act.RESPONSE,
}

SUBSCRIPTION_ACTS: Final = frozenset({Act.SUBSCRIBE, Act.SUBSCRIBED, Act.UNSUBSCRIBE, Act.UNSUBSCRIBED})
PRESENCE_ACTS: Final = SUBSCRIPTION_ACTS | {Act.PROBE, Act.AVAILABLE, Act.UNAVAILABLE}


def find_act(envelope: Envelope) -> Act | None:
    """Give what ``envelope`` does; None where its type is none that its kind has.

    A message of an unknown type counts as ``normal`` (RFC 6121 §5.2.2).
    """
    act = _ACTS.get((envelope.kind, envelope.type))
    return Act.MESSAGE if act is None and envelope.kind == "message" else act
