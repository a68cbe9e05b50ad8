"""In which order the servers of a domain are tried: RFC 2782 over both services, as XEP-0368 wants it. No I/O here."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from itertools import groupby, islice, zip_longest
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from random import Random

MAX_TARGETS: Final = 16
MAX_ADDRESSES: Final = 4
MAX_DRAWN: Final = 64
DEFAULT_PORT: Final = 5269
SHORTEST_SHARE: Final = 1.0
"""Seconds that a server has in any case."""

_NOT_GLOBAL: Final = tuple(  # what this Python's `is_global` does not know
    map(
        ipaddress.IPv6Network,
        (
            "64:ff9b:1::/48",  # RFC 8215, translation within a network
            "::ffff:0:0:0/96",  # RFC 2765, the same by another name
            "fec0::/10",  # RFC 3879, site-local
            "3fff::/20",  # RFC 9637, documentation
            "5f00::/16",  # RFC 9602, segment routing
        ),
    )
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052
_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")  # RFC 4291 §2.5.5.1


@dataclass(frozen=True, slots=True)
class SrvRecord:
    """One SRV record; the target without its final dot, empty for the root (``.``: there is no such service)."""

    priority: int
    weight: int
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class Target:
    """A host and port to dial, and whether TLS begins at once there."""

    host: str
    port: int
    direct_tls: bool = False
    is_secure: bool = False
    """Whether DNSSEC proves that the domain delegates to this host, which may then prove itself by its own name."""


def order_targets(
    starttls: Iterable[SrvRecord], direct: Iterable[SrvRecord], *, random: Random, is_secure: bool = False
) -> tuple[Target, ...]:
    """Give the targets of both services mixed: by priority, and within one by weighted lot; 16 at most.

    Records whose target is the root say that there is no such service and name nothing to dial.
    """
    records = [(record, False) for record in starttls] + [(record, True) for record in direct]
    usable = sorted((pair for pair in records if pair[0].target), key=lambda pair: pair[0].priority)
    groups = (list(group) for _, group in groupby(usable, key=lambda pair: pair[0].priority))
    drawn = (pair for group in groups for pair in _draw(group, random))
    # Each draw looks at all that are left: of a thousand records few are ever drawn.
    chosen = (Target(record.target, record.port, direct, is_secure) for record, direct in islice(drawn, MAX_DRAWN))
    return tuple(dict.fromkeys(chosen))[:MAX_TARGETS]


def _draw(group: list[tuple[SrvRecord, bool]], random: Random) -> Iterable[tuple[SrvRecord, bool]]:
    # RFC 2782: records of weight 0 come first in the running sum, so that they have a small chance.
    left = sorted(group, key=lambda pair: pair[0].weight > 0)
    while left:
        lot = random.randint(0, sum(record.weight for record, _ in left))
        for position, (record, _) in enumerate(left):
            lot -= record.weight
            if lot <= 0:
                yield left.pop(position)
                break


def interleave(ipv6: Sequence[str], ipv4: Sequence[str]) -> tuple[str, ...]:
    """Give the addresses of a target in the order of RFC 8305 §4: families by turns, IPv6 first; four at most."""
    mixed = [address for pair in zip_longest(ipv6, ipv4) for address in pair if address is not None]
    return tuple(mixed)[:MAX_ADDRESSES]


def is_private(address: str) -> bool:
    """Whether ``address`` is one that a stranger's DNS must not lead us to: loopback, private, link-local, reserved.

    An IPv6 address that stands for an IPv4 address is judged as that one.
    """
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
        if inner is None and (parsed in _NAT64 or parsed in _COMPATIBLE):
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if any(parsed in network for network in _NOT_GLOBAL):
            return True
        parsed = inner or parsed
    return not parsed.is_global or parsed.is_multicast


def with_shares(
    targets: Sequence[Target], seconds: float, monotonic: Callable[[], float]
) -> Iterator[tuple[Target, float]]:
    """Give each target with how long it may take, so that one that says nothing hides none of those behind it.

    Each has an even share of what those before it have left over of ``seconds``.
    """
    end = monotonic() + seconds
    for left, target in zip(range(len(targets), 0, -1), targets, strict=True):
        yield target, max(SHORTEST_SHARE, (end - monotonic()) / left)


def parse_host_port(text: str, default_port: int = DEFAULT_PORT) -> tuple[str, int]:
    """Give host and port of ``host``, ``host:port`` or ``[address]:port``.

    Raises:
        ValueError: the port is no number.
    """
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, int(rest[1:]) if rest.startswith(":") else default_port
    host, colon, port = text.rpartition(":")
    if not colon or ":" in host:
        return text, default_port
    return host, int(port)
