"""How many inbound streams there are: unauthenticated by address, authorized pairs by partner."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.model.peer import PairAuthorization
    from gateway.net.metrics import Metrics
    from gateway.policy.partner import Partner


class Counted(Protocol):
    """A connection as it is counted."""

    peer_address: str

    @property
    def generation(self) -> tuple[str, int]:
        """The generation it lives on."""
        ...


class InboundCounts:
    """A connection counts as half open until its first pair, then once for each pair it holds."""

    def __init__(self, metrics: Metrics) -> None:
        """Count nothing yet; streams are told to ``metrics``."""
        self._metrics = metrics
        self._half_open: Counter[str] = Counter()
        self._per_partner: Counter[str] = Counter()
        self._pairs: dict[Counted, dict[tuple[str, str], str]] = {}

    def half_open(self, address: str) -> int:
        """Give how many connections of ``address`` hold no pair yet."""
        return self._half_open[address]

    def pairs_of(self, primary: str) -> int:
        """Give how many authorized pairs the partner ``primary`` holds over all streams."""
        return self._per_partner[primary]

    def may_add(self, partner: Partner | None, default_limit: int) -> bool:
        """Whether ``partner`` may hold one more pair; who is no partner may not."""
        return partner is not None and self.pairs_of(partner.domain) < (partner.connection_limit or default_limit)

    def arrived(self, connection: Counted) -> None:
        """Count a new connection as half open."""
        self._half_open[connection.peer_address] += 1

    def authenticated(self, connection: Counted) -> None:
        """Count the connection as half open no more."""
        if connection not in self._pairs:
            self._pairs[connection] = {}
            self._close_half(connection.peer_address)

    def authorized(self, connection: Counted, pair: PairAuthorization, primary: str) -> None:
        """Count a pair of the partner ``primary``."""
        self.authenticated(connection)
        held = self._pairs[connection]
        if not held:
            self._metrics.stream_opened("inbound", connection.generation[1])
        if (pair.partner, pair.home) not in held:
            held[pair.partner, pair.home] = primary
            self._per_partner[primary] += 1

    def dropped(self, connection: Counted, pairs: Iterable[PairAuthorization]) -> None:
        """Count pairs no more that a stream holds no longer, the stream itself staying."""
        held = self._pairs.get(connection, {})
        for pair in pairs:
            primary = held.pop((pair.partner, pair.home), None)
            if primary is not None:
                self._release(primary)
                if not held:
                    self._metrics.stream_closed("inbound", connection.generation[1])

    def gone(self, connection: Counted) -> None:
        """Count the connection no more."""
        held = self._pairs.pop(connection, None)
        if held is None:
            self._close_half(connection.peer_address)
            return
        for primary in held.values():
            self._release(primary)
        if held:
            self._metrics.stream_closed("inbound", connection.generation[1])

    def _release(self, primary: str) -> None:
        self._per_partner[primary] -= 1
        if self._per_partner[primary] <= 0:
            del self._per_partner[primary]

    def _close_half(self, address: str) -> None:
        self._half_open[address] -= 1
        if self._half_open[address] <= 0:
            del self._half_open[address]
