"""Which home users may federate at all."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.model.jid import Jid


@dataclass(frozen=True, slots=True)
class Access:
    """The switches of ``[access]``: everyone, and exceptions by bare JID (prepared)."""

    allow_federated_users: bool = True
    allow_xmpp: bool = True
    users: Mapping[str, bool] = field(default_factory=dict)
    _gated: frozenset[str] = field(init=False, repr=False)
    """The users that are gated, folded."""

    def __post_init__(self) -> None:
        """Fold what is gated."""
        gated = frozenset(_fold(user) for user, allowed in self.users.items() if not allowed)
        object.__setattr__(self, "_gated", gated)

    def allows(self, user: Jid) -> bool:
        """Whether the home ``user`` may exchange stanzas with partners. An exception wins over the switches.

        A home domain itself is no user; it is never gated. Who is gated is so under every spelling that a home system
        may take for the same: one that prepares addresses as RFC 3920 had it takes ``ß`` for ``ss``.
        """
        if not user.local:
            return True
        if self.users:
            address = f"{user.local}@{user.domain}"
            exception = self.users.get(address)
            if exception is not None:
                return exception
            if _fold(address) in self._gated:
                return False
        return self.allow_federated_users and self.allow_xmpp


def _fold(address: str) -> str:
    """Give the form that all spellings of a user have in common (RFC 3454 B.2: case folded, and NFKC)."""
    return address if address.isascii() else unicodedata.normalize("NFKC", address.casefold())


OPEN = Access()
