"""What the gateway counts, in the Prometheus text format.

The numbers are plain dictionaries written from the event loop; the families are built when somebody asks. So a count
costs next to nothing on a stanza's way, series of generations that no stream lives on vanish, and days left are right
at the moment of asking.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

from edgecert.shared.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from prometheus_client.core import Metric

    from edgecert.shared.clock import Clock
    from edgecert.shared.jsonvalue import JsonObject

    Counts = Iterable[tuple[Sequence[str], float]]

PREFIX: Final = "edgecert_gateway_"
_DAY: Final = 86400.0


@dataclass(frozen=True, slots=True)
class _Certificate:
    generation: int
    not_after: datetime


class Metrics:
    """The gateway's counts in a registry of their own. To be written from one thread."""

    def __init__(self, clock: Clock | None = None, *, version: str = "") -> None:
        """Start with everything at nought."""
        self._clock = clock or SystemClock()
        self._version = version
        self._ready = False
        self._partners = 0
        self._certificates: dict[str, _Certificate] = {}
        self._handshakes: Counter[tuple[str, str, str]] = Counter()
        self._swaps: Counter[str] = Counter()
        self._streams: Counter[tuple[str, str, str]] = Counter()
        self._stanzas: Counter[str] = Counter()
        self._refusals: Counter[tuple[str, str]] = Counter()
        self._entered: Counter[str] = Counter()
        self._settled: Counter[str] = Counter()
        self.queue_sizes: Callable[[], Mapping[str, int]] = dict
        """Gives how many stanzas wait, by place; asked when the metrics are."""
        self.held: Callable[[], int] = int
        """Gives how many octets are held for slow peers; asked when the metrics are."""
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Families(self.families))

    def render(self) -> bytes:
        """Give the text of ``/metrics``."""
        return generate_latest(self._registry)

    def ready(self, is_ready: bool) -> None:
        """Say whether the gateway does its work."""
        self._ready = is_ready

    def partners(self, number: int) -> None:
        """Say how many partners are configured."""
        self._partners = number

    def certificate(self, name: str, generation: int, not_after: datetime) -> None:
        """Say which generation of a lineage is in service."""
        self._certificates[name] = _Certificate(generation, not_after)

    def certificate_gone(self, name: str) -> None:
        """Say that a lineage is no longer in service."""
        self._certificates.pop(name, None)

    def handshake(self, direction: str, outcome: str, reason: str = "") -> None:
        """Count a TLS handshake: ``inbound`` or ``outbound``, ``ok`` or ``failed``, and a short word why it failed."""
        self._handshakes[direction, outcome, reason] += 1

    def swap(self, outcome: str) -> None:
        """Count a swap: ``swapped``, ``staged``, or the code of the refusal."""
        self._swaps[outcome] += 1

    def stream_opened(self, direction: str, generation: tuple[str, int]) -> None:
        """Count a stream in that lives on that lineage and generation; on none, ``("", 0)``, without TLS."""
        self._streams[direction, generation[0], str(generation[1])] += 1

    def stream_closed(self, direction: str, generation: tuple[str, int]) -> None:
        """Count a stream out; the last one of a generation takes the series with it."""
        key = direction, generation[0], str(generation[1])
        self._streams[key] -= 1
        if self._streams[key] <= 0:
            del self._streams[key]

    def stanza(self, direction: str) -> None:
        """Count a stanza that was forwarded."""
        self._stanzas[direction] += 1

    def refused(self, direction: str, reason: str) -> None:
        """Count a stanza or stream that policy refused or dropped, by a short word why."""
        self._refusals[direction, reason] += 1

    def refusals(self, direction: str, reason: str) -> int:
        """Give how often that was counted."""
        return self._refusals[direction, reason]

    def entered(self, source: str, count: int = 1) -> None:
        """Count a stanza that is to reach a partner: ``stanza`` is new, ``disk`` was left by an earlier run."""
        self._entered[source] += count

    def settled(self, outcome: str) -> None:
        """Count the end of such a stanza: ``sent``, ``acknowledged``, ``bounced``, ``expired`` or ``discarded``."""
        self._settled[outcome] += 1

    def totals(self) -> JsonObject:
        """Give the running counts that a plot is made of: stanzas by direction, handshakes by outcome."""
        handshakes = Counter[str]()
        for (_direction, outcome, _reason), count in self._handshakes.items():
            handshakes[outcome] += count
        return {
            "stanzas": {direction: self._stanzas[direction] for direction in ("inbound", "outbound")},
            "handshakes": {outcome: handshakes[outcome] for outcome in ("ok", "failed")},
        }

    def families(self) -> Iterator[Metric]:
        """Give every family with its present numbers."""
        yield _gauge("build_info", "The running release.", ("version",), [((self._version,), 1)])
        yield _gauge("ready", "1 when the gateway does its work.", (), [((), int(self._ready))])
        yield from self._certificate_families()
        yield _counter("swaps", "Certificate swaps by outcome.", ("outcome",), _keyed(self._swaps))
        labels = ("direction", "outcome", "reason")
        yield _counter(
            "handshakes",
            "TLS handshakes by direction, outcome and reason of failure.",
            labels,
            self._handshakes.items(),
        )
        living = ("direction", "name", "generation")
        yield _gauge(
            "streams", "Open streams by direction and the generation they live on.", living, self._streams.items()
        )
        yield _counter("stanzas", "Stanzas forwarded.", ("direction",), _keyed(self._stanzas))
        yield _counter(
            "refusals", "Stanzas and streams that policy refused.", ("direction", "reason"), self._refusals.items()
        )
        yield _gauge("partners", "Configured partners.", (), [((), self._partners)])
        yield from self._queue_families()

    def _queue_families(self) -> Iterator[Metric]:
        yield _counter("queue_entered", "Stanzas for partners, by source.", ("source",), _keyed(self._entered))
        yield _counter("queue_settled", "Stanzas for partners that ended.", ("outcome",), _keyed(self._settled))
        yield _gauge("held_bytes", "Octets held for slow peers.", (), [((), self.held())])
        yield _gauge("queue_waiting", "Stanzas for partners, by place.", ("place",), _keyed(self.queue_sizes()))

    def _certificate_families(self) -> Iterator[Metric]:
        now, held = self._clock.now(), self._certificates
        ends = [((name,), entry.not_after.timestamp()) for name, entry in held.items()]
        yield _gauge("certificate_not_after_timestamp_seconds", "End of the certificate in service.", ("name",), ends)
        days = [((name,), (entry.not_after - now).total_seconds() / _DAY) for name, entry in held.items()]
        yield _gauge("certificate_days_left", "Days left, negative when expired.", ("name",), days)
        numbers = [((name,), entry.generation) for name, entry in held.items()]
        yield _gauge("certificate_generation", "Generation in service.", ("name",), numbers)


class _Families(Collector):
    """Hands the families to the registry."""

    def __init__(self, families: Callable[[], Iterator[Metric]]) -> None:
        self._families = families

    @override
    def collect(self) -> Iterator[Metric]:
        return self._families()


def _keyed(counts: Mapping[str, int]) -> Counts:
    return [((key,), value) for key, value in counts.items()]


def _gauge(name: str, help_text: str, labels: Sequence[str], values: Counts) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, help_text, labels=labels)
    for key, value in values:
        family.add_metric(key, value)
    return family


def _counter(name: str, help_text: str, labels: Sequence[str], values: Counts) -> Metric:
    family = CounterMetricFamily(PREFIX + name, help_text, labels=labels)
    for key, value in values:
        family.add_metric(key, value)
    return family
