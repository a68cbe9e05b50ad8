"""How many inbound streams there are: unauthenticated by network, authorized pairs by partner; who may come in."""

from __future__ import annotations

import ipaddress
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.model.peer import PairAuthorization
    from gateway.net.metrics import Metrics
    from gateway.policy.partner import Partner


_HOST_BITS: Final = 64  # RFC 4291 §2.5.4: whoever has one IPv6 address has a whole /64 of them


class Counted(Protocol):
    """A connection as it is counted."""

    peer_address: str
    local_address: str

    @property
    def generation(self) -> tuple[str, int]:
        """The generation it lives on."""
        ...

    def abort(self) -> None:
        """Cut it."""
        ...


class InboundCounts:
    """A connection counts as half open until its first pair, then once for each pair it holds."""

    def __init__(self, metrics: Metrics) -> None:
        """Count nothing yet; streams are told to ``metrics``."""
        self._metrics = metrics
        # By network; of one network the oldest comes first.
        self._half_open: defaultdict[str, dict[Counted, None]] = defaultdict(dict)
        self._per_partner: Counter[str] = Counter()
        self._pairs: dict[Counted, dict[tuple[str, str], str]] = {}

    def is_crowded(self, connection: Counted, limit: int) -> bool:
        """Whether the network of a new connection has ``limit`` connections that hold no pair yet."""
        return not _is_local(connection) and self.half_open(connection.peer_address) >= limit

    def half_open(self, address: str) -> int:
        """Give how many connections of the network of ``address`` hold no pair yet."""
        return len(self._half_open.get(network_of(address), ()))

    def make_room(self) -> Counted | None:
        """Cut the oldest half-open connection of the network that has most of them, and give it; None without any.

        So strangers, however many, keep no partner out: those who need few connections for a moment keep them.
        """
        most = max(self._half_open.values(), key=len, default=None)
        if not most:
            return None
        oldest = next(iter(most))
        self.gone(oldest)
        oldest.abort()
        return oldest

    def pairs_of(self, primary: str) -> int:
        """Give how many authorized pairs the partner ``primary`` holds over all streams."""
        return self._per_partner[primary]

    def may_add(self, partner: Partner | None, default_limit: int) -> bool:
        """Whether ``partner`` may hold one more pair; who is no partner may not."""
        return partner is not None and self.pairs_of(partner.domain) < (partner.connection_limit or default_limit)

    def arrived(self, connection: Counted) -> None:
        """Count a new connection as half open."""
        self._half_open[network_of(connection.peer_address)][connection] = None

    def authenticated(self, connection: Counted) -> None:
        """Count the connection as half open no more."""
        if connection not in self._pairs:
            self._pairs[connection] = {}
            self._close_half(connection)

    def authorized(self, connection: Counted, pair: PairAuthorization, primary: str) -> None:
        """Count a pair of the partner ``primary``."""
        self.authenticated(connection)
        held = self._pairs[connection]
        if not held:
            self._metrics.stream_opened("inbound", connection.generation)
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
                    self._metrics.stream_closed("inbound", connection.generation)

    def gone(self, connection: Counted) -> None:
        """Count the connection no more."""
        held = self._pairs.pop(connection, None)
        if held is None:
            self._close_half(connection)
            return
        for primary in held.values():
            self._release(primary)
        if held:
            self._metrics.stream_closed("inbound", connection.generation)

    def _release(self, primary: str) -> None:
        self._per_partner[primary] -= 1
        if self._per_partner[primary] <= 0:
            del self._per_partner[primary]

    def _close_half(self, connection: Counted) -> None:
        network = network_of(connection.peer_address)
        known = self._half_open.get(network, {})
        known.pop(connection, None)
        if not known:
            self._half_open.pop(network, None)


def network_of(address: str) -> str:
    """Give what one stranger has at its command: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    return f"{int(parsed) >> _HOST_BITS:x}::/{_HOST_BITS}"


def _is_local(connection: Counted) -> bool:
    """Whether the peer is on this very host, and so no stranger: the check after a deploy opens many at once."""
    return connection.peer_address == connection.local_address or connection.peer_address.startswith("127.")
