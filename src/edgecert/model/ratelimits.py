"""Limits of how often a CA is asked, counted from what this host itself ordered.

Let's Encrypt's limits (letsencrypt.org/docs/rate-limits, and for its staging directory docs/staging-environment) are
buckets that fill again evenly: five certificates in seven days are one every 34 hours, after the first five. Other
hosts draw from the same buckets, so what is allowed here may still be refused there, and never the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from edgecert.model.carules import host_of
from edgecert.model.findings import Finding, Severity
from edgecert.model.suffixes import registered_domain
from edgecert.shared.clock import format_time
from edgecert.shared.names import DnsName, NameProblem, parse_name, to_unicode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

EventKind = Literal["order", "certificate", "failure", "told"]
EVENT_KINDS: Final[tuple[EventKind, ...]] = ("order", "certificate", "failure", "told")


@dataclass(frozen=True, slots=True)
class CaEvent:
    """Something that a CA counts, and when: an order placed, a certificate issued, a name whose proof failed.

    ``told`` is the CA's own word that it takes no such order before ``until``. ``exempt`` are renewals that the CA was
    told the predecessor of (RFC 9773 §5): no limit counts them. ``own`` says whether it was by the account that asks.
    """

    at: datetime
    kind: EventKind
    names: tuple[str, ...]
    exempt: bool = False
    own: bool = True
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """So many in so long; ``raisable`` where the CA raises it for those who ask."""

    count: int
    period: timedelta
    raisable: bool

    def free_at(self, times: Iterable[datetime]) -> datetime | None:
        """Give when the next one is allowed after those at ``times``; None when nothing was counted yet."""
        each = self.period / self.count
        full: datetime | None = None  # when the bucket will be full again
        for time in sorted(times):
            full = (time if full is None else max(full, time)) + each
        return None if full is None else full + each - self.period


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one CA that a single host can run into."""

    orders: Limit
    per_domain: Limit
    per_set: Limit
    failures: Limit


_WEEK: Final = timedelta(days=7)
_THREE_HOURS: Final = timedelta(hours=3)
_HOUR: Final = timedelta(hours=1)
_LIMITS: Final[Mapping[str, Limits]] = MappingProxyType(
    {
        "acme-v02.api.letsencrypt.org": Limits(
            orders=Limit(300, _THREE_HOURS, raisable=True),
            per_domain=Limit(50, _WEEK, raisable=True),
            per_set=Limit(5, _WEEK, raisable=False),
            failures=Limit(5, _HOUR, raisable=False),
        ),
        "acme-staging-v02.api.letsencrypt.org": Limits(
            orders=Limit(1500, _THREE_HOURS, raisable=True),
            per_domain=Limit(30_000, _WEEK, raisable=True),
            per_set=Limit(30_000, _WEEK, raisable=False),
            failures=Limit(60, _HOUR, raisable=False),
        ),
    }
)
KEPT: Final = _WEEK
"""How long an event can matter: the longest period. What is older has flowed back into its bucket."""


def limits_for(directory: str) -> Limits | None:
    """Give the limits of the CA of an ACME directory, or None where they are not known."""
    return _LIMITS.get(host_of(directory))


def check_limits(  # what is counted
    limits: Limits | None,
    events: Sequence[CaEvent],
    names: Sequence[str],
    *,
    now: datetime,
    exempt: bool = False,
    same_names: bool = False,
    force: bool = False,
) -> tuple[Finding, ...]:
    """Tell which limits an order for ``names`` would run into at ``now``, and when it may be tried again.

    An ``exempt`` renewal (RFC 9773 §5) runs into none; one for the ``same_names`` as an earlier certificate only into
    that of the set and of failures. With ``force`` a limit that the CA raises for those who ask is only a warning.
    """
    refusals = [] if exempt else list(_refusals(limits, events, names, now, same_names=same_names))
    return tuple(
        Finding(
            "rate-limit",
            Severity.WARNING if force and raisable else Severity.ERROR,
            subjects,
            message,
            f"try again after {format_time(free)}" + ("; if the CA has raised this limit for you: --force" * raisable),
        )
        for subjects, message, free, raisable in refusals
    )


def _refusals(
    limits: Limits | None, events: Sequence[CaEvent], names: Sequence[str], now: datetime, *, same_names: bool
) -> Iterator[tuple[tuple[str, ...], str, datetime, bool]]:
    wanted = frozenset(names)
    told = [event.until for event in events if event.own and event.until and frozenset(event.names) == wanted]
    if told and max(told) > now:
        yield (), "the CA said by itself that it takes no order for these names yet", max(told), True
    if limits is None:
        return
    counted = [event for event in events if not event.exempt]
    certificates = [event for event in counted if event.kind == "certificate"]
    if not same_names:
        orders = [event.at for event in counted if event.kind == "order" and event.own]
        if free := _later(limits.orders, orders, now):
            yield (
                (),
                f"the account has placed as many orders as it may: {_of(limits.orders)}",
                free,
                limits.orders.raisable,
            )
        yield from _per_domain(limits.per_domain, certificates, wanted, now)
    same = [event.at for event in certificates if frozenset(event.names) == wanted]
    if free := _later(limits.per_set, same, now):
        text = f"as many certificates for exactly these names were issued as may be: {_of(limits.per_set)}"
        yield tuple(sorted(wanted)), text, free, limits.per_set.raisable
    yield from _failures(limits.failures, counted, wanted, now)


def _per_domain(
    limit: Limit, certificates: Sequence[CaEvent], wanted: frozenset[str], now: datetime
) -> Iterator[tuple[tuple[str, ...], str, datetime, bool]]:
    domains = {domain for name in wanted if (domain := _registered(name))}
    for domain in sorted(domains):
        times = [event.at for event in certificates if domain in map(_registered, event.names)]
        if free := _later(limit, times, now):
            text = f"as many certificates for {to_unicode(domain)} were issued as may be: {_of(limit)}"
            yield (domain,), text, free, limit.raisable


def _failures(
    limit: Limit, events: Sequence[CaEvent], wanted: frozenset[str], now: datetime
) -> Iterator[tuple[tuple[str, ...], str, datetime, bool]]:
    for identifier in sorted({name.removeprefix("*.") for name in wanted}):
        times = [event.at for event in events if event.kind == "failure" and event.own and identifier in event.names]
        if free := _later(limit, times, now):
            text = f"the proof of {to_unicode(identifier)} has failed as often as it may: {_of(limit)}"
            yield (identifier,), text, free, limit.raisable


def _later(limit: Limit, times: Sequence[datetime], now: datetime) -> datetime | None:
    if len(times) < limit.count:
        return None
    free = limit.free_at(times)
    return free if free is not None and free > now else None


def _of(limit: Limit) -> str:
    hours = int(limit.period.total_seconds() // 3600)
    span = "an hour" if hours == 1 else f"{hours // 24} days" if hours % 24 == 0 else f"{hours} hours"
    return f"{limit.count} in {span}"


def _registered(name: str) -> str:
    try:
        parsed = parse_name(name)
    except NameProblem:
        return ""
    return registered_domain(parsed.domain) if isinstance(parsed, DnsName) else ""
