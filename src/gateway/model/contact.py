"""What stands between a home user and a partner's user, as one frozen value per pair of bare JIDs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from gateway.model.jid import Jid


class ContactKey(NamedTuple):
    """The pair that a contact belongs to, by the prepared parts of both bare JIDs (RFC 7622).

    Parts and not texts, because a stanza brings them as they are and a look-up costs next to nothing.
    """

    home_local: str
    home_domain: str
    partner_local: str
    partner_domain: str

    @classmethod
    def of(cls, home: Jid, partner: Jid) -> Self:
        """Give the key of a home user and a partner's user; resources play no part."""
        return cls(home.local, home.domain, partner.local, partner.domain)

    @property
    def home(self) -> Jid:
        """The home user's bare JID."""
        return Jid(self.home_local, self.home_domain)

    @property
    def partner(self) -> Jid:
        """The partner user's bare JID."""
        return Jid(self.partner_local, self.partner_domain)


@dataclass(frozen=True, slots=True)
class Contact:
    """What is remembered of a pair; with every flag down there is no contact."""

    listed: bool = False
    """The home user has added the partner's user."""
    asked: bool = False
    """The home user has asked to see the other's presence and has no answer yet."""
    to: bool = False
    """The home user sees the other's presence."""
    granted: bool = False
    """The partner's user sees the home user's presence."""
    pinned: bool = False
    """An administrator has added the partner's user; no stanza takes that away."""

    @property
    def is_listed(self) -> bool:
        """Whether the partner's user may reach the home user: by the user's own doing, or an administrator's."""
        return self.listed or self.pinned

    @property
    def exists(self) -> bool:
        """Whether anything is remembered at all."""
        return self.listed or self.asked or self.to or self.granted or self.pinned


NO_CONTACT: Final = Contact()
