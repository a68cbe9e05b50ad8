"""What partners believe of home users, put right when it stops being true: the presence that the gateway sends.

The home side owns presence. But a home system that is gone says nothing more, and a user who may no longer federate is
not let say it; then the gateway tells whoever saw the user available. When the way is free again it asks the home
system, by a probe in the partner's user's name, so that the answer goes to those who may see it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Final, Protocol

from gateway.model.contact import ContactKey
from gateway.routing import ToHome, ToPartner
from gateway.xmpp.presence import build_presence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gateway.contacts.ledger import Ledger, Shown
    from gateway.contacts.table import ContactTable
    from gateway.model.envelope import Envelope
    from gateway.model.jid import Jid
    from gateway.policy.access import Access
    from gateway.policy.partner import Partner, PartnerTable
    from gateway.routing import Route

logger = logging.getLogger(__name__)

GONE_AFTER: Final = 30.0
AT_ONCE: Final = 100
PAUSE: Final = 0.1
MAX_HELD: Final = 1000
LARGEST_HELD: Final = 8192  # a subscription says little; a thousand large ones would fill the memory
_INBOUND: Final = "inbound"
_OUTBOUND: Final = "outbound"
_SUBSCRIPTIONS: Final = frozenset({"subscribe", "subscribed", "unsubscribe", "unsubscribed"})
_RANKS: Final = {"federated": 2, "public-verified": 1, "public-unverified": 0}


class PresenceOwner(Protocol):
    """Who has the tables of this moment and the streams."""

    partners: PartnerTable
    access: Access

    def follow(self, route: Route, direction: str) -> None:
        """Do what ``route`` says."""
        ...

    def reaches_home(self, domain: str) -> bool:
        """Whether the home system of ``domain`` is connected."""
        ...

    def reaches_partner(self, home: str, domain: str) -> bool:
        """Whether a stream from ``home`` to ``domain`` is open."""
        ...


class PresenceKeeper:
    """Takes back, asks anew, and refreshes what home users subscribe to."""

    def __init__(
        self, owner: PresenceOwner, ledger: Ledger, contacts: ContactTable, monotonic: Callable[[], float]
    ) -> None:
        """Keep what ``ledger`` and ``contacts`` tell; ``monotonic`` is the time in seconds."""
        self._owner = owner
        self._ledger = ledger
        self._contacts = contacts
        self._monotonic = monotonic
        self._gone_at: dict[str, float] = {}
        self._withdrawn: set[ContactKey] = set()
        self._held: defaultdict[str, deque[Envelope]] = defaultdict(lambda: deque(maxlen=MAX_HELD))
        self._refreshed_at = monotonic()
        # In order, each once: to home (True) or to the partner.
        self._probes: dict[tuple[ContactKey, bool], None] = {}
        self._wake = asyncio.Event()

    # --- the home system

    def home_lost(self, domain: str) -> None:
        """Take note that the home system is gone; it has half a minute to come back."""
        self._gone_at.setdefault(domain, self._monotonic())

    def home_up(self, domain: str) -> None:
        """Ask the home system, which is there (again), for what partners believe and may see of its users."""
        self._gone_at.pop(domain, None)
        keys = {key for key in self._withdrawn if key.home_domain == domain}
        self._withdrawn -= keys
        keys.update(key for key, contact in self._contacts if contact.granted and key.home_domain == domain)
        keys.update(ContactKey.of(home, partner) for home, partner in self._ledger.pairs() if home.domain == domain)
        self._ask_home(keys)
        for envelope in self._held.pop(domain, ()):
            self._owner.follow(ToHome(envelope), _INBOUND)

    def hold(self, envelope: Envelope) -> bool:
        """Keep a subscription for a home system that is away; False for anything else.

        What is lost of it would leave both rosters apart for ever; other presence is true again on return.
        """
        if envelope.type not in _SUBSCRIPTIONS or len(envelope.raw) > LARGEST_HELD:
            return False
        self._held[envelope.to.domain].append(envelope)
        return True

    # --- policy

    def access_changing(self, new: Access) -> None:
        """Take back what partners saw of users who are gated from now on, and ask for those who no longer are."""
        old = self._owner.access
        self._take_back(lambda home, _: not new.allows(home))
        freed = {
            key
            for key, contact in self._contacts
            if contact.granted and new.allows(key.home) and not old.allows(key.home)
        }
        back = {key for key in self._withdrawn if new.allows(key.home) and self._owner.reaches_home(key.home_domain)}
        self._withdrawn -= back
        self._ask_home(freed | back)

    def partners_changing(self, new: PartnerTable) -> None:
        """Take back what was shown to partners that are removed or trusted less from now on."""
        old = self._owner.partners
        domains = {domain for partner in old for domain in partner.domains}
        tighter = {domain for domain in domains if _is_tighter(old.find(domain), new.find(domain))}
        if not tighter:
            return
        shown = self._take_back(lambda _, partner: partner.domain in tighter)
        self._withdrawn -= {key for key in self._withdrawn if new.find(key.partner_domain) is None}
        keys = {ContactKey.of(home, partner) for home, partner in shown}
        self._ask_home(key for key in keys if self._may_see(key, new))

    def contact_removed(self, key: ContactKey) -> None:
        """Take back what was shown to a partner's user whom an administrator has removed."""
        partner = self._owner.partners.find(key.partner_domain)
        if partner is not None and partner.type == "public-unverified":
            self._take_back(lambda home, other: ContactKey.of(home, other) == key)
            self._withdrawn.discard(key)

    # --- time

    def keep_house(self, refresh_interval: float) -> None:
        """Do what is due."""
        now = self._monotonic()
        for domain, since in tuple(self._gone_at.items()):
            if now - since >= GONE_AFTER:
                del self._gone_at[domain]
                self._give_up(domain)
        if now - self._refreshed_at >= refresh_interval:
            self._refreshed_at = now
            self._refresh()

    async def keep_probing(self) -> None:
        """Send probes, a few at a time, for ever: thousands at once would drown the home system."""
        while True:
            await self._wake.wait()
            while self._probes:
                for key, to_home in tuple(self._probes)[:AT_ONCE]:
                    del self._probes[key, to_home]
                    self._probe(key, to_home=to_home)
                await asyncio.sleep(PAUSE)
            self._wake.clear()

    def _give_up(self, domain: str) -> None:
        shown = self._take_back(lambda home, _: home.domain == domain)
        self._withdrawn.update(ContactKey.of(home, partner) for home, partner in shown)
        if shown:
            fields = {"domain": domain, "presences": len(shown)}
            logger.warning("home system is gone: its users are shown as unavailable", extra=fields)

    def _refresh(self) -> None:
        """Ask partners for the presence of whom home users subscribe to, in case a change was lost."""
        for key, contact in self._contacts:
            if contact.to and self._owner.reaches_home(key.home_domain):
                self._probes[key, False] = None
        self._wake.set()

    # --- stanzas

    def _take_back(self, matches: Callable[[Jid, Jid], bool]) -> list[Shown]:
        taken = self._ledger.take(matches)
        for home, partner in taken:
            # Nobody is dialled only to be told that somebody is gone: without a stream they believe nothing for long.
            if self._owner.reaches_partner(home.domain, partner.domain):
                self._owner.follow(ToPartner(build_presence("unavailable", home, partner)), _OUTBOUND)
        return taken

    def _ask_home(self, keys: Iterable[ContactKey]) -> None:
        for key in keys:
            self._probes[key, True] = None
        self._wake.set()

    def _probe(self, key: ContactKey, *, to_home: bool) -> None:
        owner = self._owner
        partner = owner.partners.find(key.partner_domain)
        if partner is None or not owner.access.allows(key.home) or not owner.reaches_home(key.home_domain):
            return
        if to_home and self._may_see(key, owner.partners):
            owner.follow(ToHome(build_presence("probe", key.partner, key.home)), _INBOUND)
        elif not to_home and self._contacts.find(key).to:
            owner.follow(ToPartner(build_presence("probe", key.home, key.partner)), _OUTBOUND)

    def _may_see(self, key: ContactKey, partners: PartnerTable) -> bool:
        partner = partners.find(key.partner_domain)
        if partner is None:
            return False
        return partner.type != "public-unverified" or self._contacts.find(key).is_listed


def _is_tighter(old: Partner | None, new: Partner | None) -> bool:
    """Whether a domain is trusted less than it was: it is no partner any more, or of a type that may see less."""
    return old is not None and (new is None or _RANKS[new.type] < _RANKS[old.type])
