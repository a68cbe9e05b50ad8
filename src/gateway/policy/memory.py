"""What a decision must remember of what went before: bounded in time, number and size, and per partner domain."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from gateway.model.envelope import Envelope
    from gateway.model.jid import Jid

REQUEST_LIFETIME: Final = 120.0
SENT_LIFETIME: Final = 300.0
MAX_PER_DOMAIN: Final = 10_000
ERRORS_AT_ONCE: Final = 50
ERRORS_PER_SECOND: Final = 10.0

_LONGEST_ID: Final = 64
_LONGEST_RESOURCE: Final = 128

KeyT = TypeVar("KeyT", bound="Hashable")


class Recent(Generic[KeyT]):
    """Keys that were seen not long ago. The oldest give way when there are too many."""

    def __init__(self, lifetime: float, capacity: int) -> None:
        """Keep each key ``lifetime`` seconds, and at most ``capacity`` of them."""
        self._lifetime = lifetime
        self._capacity = capacity
        self._until: dict[KeyT, float] = {}  # in the order of their end, for all live equally long

    def add(self, key: KeyT, now: float) -> None:
        """Take note of ``key``."""
        until = self._until
        until.pop(key, None)
        if len(until) >= self._capacity:
            del until[next(iter(until))]
        until[key] = now + self._lifetime

    def has(self, key: KeyT, now: float) -> bool:
        """Whether ``key`` was seen not too long ago."""
        return self._until.get(key, now) > now

    def take(self, key: KeyT, now: float) -> bool:
        """Give what :meth:`has` gives, and forget the key."""
        return self._until.pop(key, now) > now

    def expire(self, now: float) -> int:
        """Forget what is too old and give how much is left."""
        until = self._until
        while until:
            key = next(iter(until))
            if until[key] > now:
                break
            del until[key]
        return len(until)


class _Domain:
    """What is remembered of one partner domain, so that one of them cannot push out what belongs to others."""

    __slots__ = ("asked", "errors", "errors_at", "let_in", "sent")

    def __init__(self) -> None:
        self.asked: Recent[Hashable] = Recent(REQUEST_LIFETIME, MAX_PER_DOMAIN)
        self.let_in: Recent[Hashable] = Recent(REQUEST_LIFETIME, MAX_PER_DOMAIN)
        self.sent: Recent[Hashable] = Recent(SENT_LIFETIME, MAX_PER_DOMAIN)
        self.errors = float(ERRORS_AT_ONCE)
        self.errors_at = 0.0


class Memory:
    """What home asked and sent, which of the partners' queries were let in, and how many errors each was sent."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Read the time by ``monotonic``, in seconds."""
        self._monotonic = monotonic
        self._domains: dict[str, _Domain] = {}

    # --- home to partner

    def note_request(self, envelope: Envelope) -> None:
        """Take note of an iq that home sends: its answer may come in for 120 seconds."""
        key = _query_key(envelope.from_, envelope.to, envelope.id)
        self._of(envelope.to.domain).asked.add(key, self._monotonic())

    def note_sent(self, envelope: Envelope) -> None:
        """Take note of a message or presence that home sends: an error may come back for five minutes."""
        from_, to = envelope.from_, envelope.to
        self._of(to.domain).sent.add((envelope.kind, from_.local, from_.domain, to.local), self._monotonic())

    def is_let_in(self, envelope: Envelope) -> bool:
        """Whether ``envelope`` of home answers a query that was let in; it does so only once."""
        domain = self._domains.get(envelope.to.domain)
        key = _query_key(envelope.to, envelope.from_, envelope.id)
        return domain is not None and domain.let_in.take(key, self._monotonic())

    # --- partner to home

    def note_let_in(self, envelope: Envelope) -> None:
        """Take note of a partner's query that home was handed."""
        key = _query_key(envelope.from_, envelope.to, envelope.id)
        self._of(envelope.from_.domain).let_in.add(key, self._monotonic())

    def is_answer(self, envelope: Envelope) -> bool:
        """Whether a partner's iq answers one that home sent; it does so only once."""
        domain = self._domains.get(envelope.from_.domain)
        key = _query_key(envelope.to, envelope.from_, envelope.id)
        return domain is not None and domain.asked.take(key, self._monotonic())

    def was_sent(self, envelope: Envelope) -> bool:
        """Whether home sent the bare JID that this error comes from a stanza of its kind in the last five minutes."""
        domain = self._domains.get(envelope.from_.domain)
        key = (envelope.kind, envelope.to.local, envelope.to.domain, envelope.from_.local)
        return domain is not None and domain.sent.has(key, self._monotonic())

    def may_refuse(self, domain: str) -> bool:
        """Whether ``domain`` may be sent one more error now; counts it if so."""
        known, now = self._of(domain), self._monotonic()
        earned = (now - known.errors_at) * ERRORS_PER_SECOND
        known.errors = min(float(ERRORS_AT_ONCE), known.errors + earned)
        known.errors_at = now
        if known.errors < 1:
            return False
        known.errors -= 1
        return True

    # --- keeping it small

    def expire(self) -> None:
        """Forget what is too old; to be called now and then."""
        now = self._monotonic()
        for name, known in tuple(self._domains.items()):
            left = sum(recent.expire(now) for recent in (known.asked, known.let_in, known.sent))
            recovered = known.errors + (now - known.errors_at) * ERRORS_PER_SECOND >= ERRORS_AT_ONCE
            if not left and recovered:
                del self._domains[name]

    def __len__(self) -> int:
        """Give of how many domains anything is remembered."""
        return len(self._domains)

    def _of(self, domain: str) -> _Domain:
        known = self._domains.get(domain)
        if known is None:
            known = self._domains[domain] = _Domain()
            known.errors_at = self._monotonic()
        return known


def _query_key(asking: Jid, asked: Jid, id_: str) -> Hashable:
    """Give what an iq and its answer have in common; of long parts the digest, for ids may fill a whole stanza."""
    if len(id_) > _LONGEST_ID or len(asking.resource) + len(asked.resource) > _LONGEST_RESOURCE:
        text = "\0".join((str(asking), str(asked), id_))  # none of them can have a NUL in XML
        return hashlib.blake2b(text.encode(), digest_size=32).digest()
    return asking, asked, id_
