"""Which home users may federate at all."""

from __future__ import annotations

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

    def allows(self, user: Jid) -> bool:
        """Whether the home ``user`` may exchange stanzas with partners. An exception wins over the switches.

        A home domain itself is no user; it is never gated.
        """
        if not user.local:
            return True
        if self.users:
            exception = self.users.get(f"{user.local}@{user.domain}")
            if exception is not None:
                return exception
        return self.allow_federated_users and self.allow_xmpp


OPEN = Access()
