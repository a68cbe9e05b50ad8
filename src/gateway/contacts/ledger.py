"""Which partners' users last saw which home user available, so that nobody is left with a picture that is not true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.model.jid import Jid

MAX_SHOWN: Final = 500_000


class Shown(NamedTuple):
    """A home user's full JID, and the bare JID of a partner's user who saw it available."""

    home: Jid
    partner: Jid


class Ledger:
    """In memory only, and bounded: what does not fit is not recorded, and :attr:`missed` counts it."""

    def __init__(self, capacity: int = MAX_SHOWN) -> None:
        """Record at most ``capacity`` pairs."""
        self.missed = 0
        self._capacity = capacity
        self._size = 0
        self._seen: dict[Jid, set[Jid]] = {}

    def available(self, home: Jid, partner: Jid) -> None:
        """Take note that ``partner`` is told that ``home`` is available."""
        by, bare = self._seen.setdefault(home, set()), partner.bare
        if bare in by:
            return
        if self._size >= self._capacity:
            self.missed += 1
            if not by:
                del self._seen[home]
            return
        by.add(bare)
        self._size += 1

    def unavailable(self, home: Jid, partner: Jid) -> None:
        """Take note that ``partner`` is told that ``home`` is not available."""
        by = self._seen.get(home)
        if by is not None and partner.bare in by:
            self._forget(home, by, {partner.bare})

    def take(self, matches: Callable[[Jid, Jid], bool]) -> list[Shown]:
        """Give the pairs that ``matches`` wants, and forget them. Looks at all of them: not for every stanza."""
        taken: list[Shown] = []
        for home, by in tuple(self._seen.items()):
            gone = {partner for partner in by if matches(home, partner)}
            if gone:
                self._forget(home, by, gone)
                taken += [Shown(home, partner) for partner in gone]
        return taken

    def pairs(self) -> Iterator[Shown]:
        """Give all pairs."""
        return (Shown(home, partner) for home, by in self._seen.items() for partner in by)

    def __len__(self) -> int:
        """Give how many pairs are recorded."""
        return self._size

    def _forget(self, home: Jid, by: set[Jid], gone: set[Jid]) -> None:
        by -= gone
        self._size -= len(gone)
        if not by:
            del self._seen[home]
