"""A stanza on its way: who, to whom, what kind, and the bytes as they will be written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from gateway.model.jid import Jid

StanzaKind = Literal["message", "presence", "iq"]
STANZA_KINDS: Final[tuple[StanzaKind, ...]] = get_args(StanzaKind)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A stanza with both addresses known.

    ``raw`` is the whole stanza as UTF-8, written so that it can be put on any stream as it is: the stanza's own element
    carries no ``xmlns`` and so takes the stream's content namespace, and no prefix is used but ``xml``. An element
    inside that must be in the content namespace although its parent is not says ``xmlns='jabber:server'``.
    """

    kind: StanzaKind
    type: str
    id: str
    from_: Jid
    to: Jid
    raw: bytes

    @property
    def pair(self) -> tuple[str, str]:
        """The domains of sender and receiver, in this order."""
        return self.from_.domain, self.to.domain

    @property
    def is_error(self) -> bool:
        """Whether it is an error reply, which nobody may answer with another one (RFC 6120 §8.3.1)."""
        return self.type == "error"
