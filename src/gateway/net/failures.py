"""What went wrong lately between this gateway and others, for whoever looks: bounded, in memory, the newest last."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from edgecert.shared.clock import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from edgecert.shared.clock import Clock
    from edgecert.shared.jsonvalue import JsonObject
    from gateway.model.peer import Direction

MAX_FAILURES: Final = 100
"""Of partners, and as many of strangers: whoever makes up domains drives out no partner's failure."""
MAX_TEXT: Final = 500
STEPS: Final = ("dns", "tcp", "tls", "identity", "dialback", "policy", "stream")
"""Where on the way to a partner it went wrong, in the order of the way; ``stream`` is anything behind."""

_STEPS: Final[Mapping[str, str]] = {
    "dns-not-found": "dns",
    "dns-failed": "dns",
    "private-target": "dns",
    "connect-failed": "tcp",
    "connection-lost": "tcp",
    "timeout": "tcp",
    "tls-failed": "tls",
    "tls-not-offered": "tls",
    "tls-refused": "tls",
    "peer-requires-tls": "tls",
    "no-certificate": "tls",
    "peer-certificate": "identity",
    "external-not-offered": "identity",
    "external-refused": "identity",
    "not-authorized": "identity",
    "invalid-from": "identity",
    "dialback-not-offered": "dialback",
    "dialback-refused": "dialback",
    "dialback-failed": "dialback",
    "method-not-available": "policy",
    "policy-violation": "policy",
    "too-many-connections": "policy",
    "host-unknown": "policy",
}


_Key: TypeAlias = tuple[str, str, str, str]


def step_of(code: str) -> str:
    """Give the step at which a failure of this code lies, one of :data:`STEPS`."""
    return _STEPS.get(code, "stream")


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that went wrong, perhaps again and again."""

    direction: str
    domain: str
    home: str
    address: str
    code: str
    text: str
    first: datetime
    last: datetime
    count: int = 1

    def to_json(self) -> JsonObject:
        """Give it as the control API shows it."""
        return {
            "direction": self.direction,
            "domain": self.domain,
            "home": self.home,
            "address": self.address,
            "step": step_of(self.code),
            "code": self.code,
            "text": self.text,
            "first": format_time(self.first),
            "last": format_time(self.last),
            "count": self.count,
        }


class FailureLog:
    """The last failures. The same again only counts, so that one partner that is down does not drive out the rest."""

    def __init__(self, clock: Clock) -> None:
        """Know of none."""
        self._clock = clock
        self._partners: dict[_Key, Failure] = {}
        self._strangers: dict[_Key, Failure] = {}

    def __len__(self) -> int:
        return len(self._partners) + len(self._strangers)

    def __iter__(self) -> Iterator[Failure]:
        """Give them, the newest last."""
        both = (*self._partners.values(), *self._strangers.values())
        return iter(sorted(both, key=lambda failure: failure.last))

    def note(
        self, direction: Direction, pair: tuple[str, str], code: str, text: str, *, address: str = "", partner: bool
    ) -> None:
        """Take note of a failure of ``pair`` (home, domain; empty if not said); ``partner``: the domain is one's."""
        (home, domain), failures = pair, self._partners if partner else self._strangers
        key = (direction.value, domain, home, code)
        now, text = self._clock.now(), text[:MAX_TEXT]
        before = failures.pop(key, None)
        if before is not None:
            failure = replace(before, address=address, text=text, last=now, count=before.count + 1)
        else:
            failure = Failure(direction.value, domain, home, address, code, text, now, now)
        failures[key] = failure
        if len(failures) > MAX_FAILURES:
            del failures[next(iter(failures))]

    def newest(self, domains: frozenset[str], direction: Direction) -> Failure | None:
        """Give the newest failure of one of a partner's ``domains`` in ``direction``, or None."""
        known = self._partners.values()
        found = [entry for entry in known if entry.domain in domains and entry.direction == direction.value]
        return found[-1] if found else None
