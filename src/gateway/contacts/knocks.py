"""Who asked in vain to see a home user's presence: bounded, so that knocking fills no memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from gateway.model.contact import ContactKey

MAX_KNOCKS: Final = 1000
MAX_PER_DOMAIN: Final = 100


@dataclass(frozen=True, slots=True)
class Knock:
    """How often, and when first and last."""

    count: int
    first: datetime
    last: datetime


class Knocks:
    """The last of those who were not let in; one domain cannot push out all others."""

    def __init__(self) -> None:
        self._knocks: dict[ContactKey, Knock] = {}
        self._per_domain: Counter[str] = Counter()

    def add(self, key: ContactKey, now: datetime) -> None:
        """Count one more."""
        known = self._knocks.pop(key, None)
        if known is None:
            self._make_room(key.partner_domain)
            self._per_domain[key.partner_domain] += 1
        self._knocks[key] = Knock(1, now, now) if known is None else replace(known, count=known.count + 1, last=now)

    def forget(self, key: ContactKey) -> None:
        """Take the pair out, if it is there: it is a contact now."""
        if self._knocks.pop(key, None) is not None:
            self._per_domain[key.partner_domain] -= 1
            if not self._per_domain[key.partner_domain]:
                del self._per_domain[key.partner_domain]

    def __iter__(self) -> Iterator[tuple[ContactKey, Knock]]:
        """Give all, those who knocked last first."""
        return iter(reversed(self._knocks.items()))

    def _make_room(self, domain: str) -> None:
        if self._per_domain[domain] >= MAX_PER_DOMAIN:
            self.forget(next(key for key in self._knocks if key.partner_domain == domain))
        elif len(self._knocks) >= MAX_KNOCKS:
            self.forget(next(iter(self._knocks)))
