"""Server-to-server figures: our gateway beside Prosody and ejabberd, in the same run, the server's processor counted.

Each server is alone on the machine while it is measured, with the driver: a partner and a home component. The rounds
take turns, so that what the machine does meanwhile hits all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from bench.demoparts import table
from bench.hot_swap import allow_open_files
from bench.measuring import BenchError, Series, clean_environment, describe_machine
from bench.s2s_driver import measure_latency, open_streams, outbound_ready, send_inbound, send_outbound
from bench.s2s_subjects import ROOM, Subjects, installed
from bench.usage import cpu_seconds, proportional_kilobytes
from tests.support.net import loopback_net
from tests.support.peers.process import PeerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bench.s2s_subjects import Running

AT_A_TIME: Final = 4
"""Streams that are opened at once: ejabberd's listener lets no more than five wait."""
WARM: Final = 20
"""Streams that are opened before anything is counted."""
PER: Final = 10_000
SETTLE: Final = 30.0
"""Seconds of silence before streams are weighed: an idle one is one that has been silent for a while."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    messages: int
    streams: int
    idle: tuple[int, ...]
    latencies: int


FULL: Final = Size(rounds=3, messages=50_000, streams=500, idle=(1000, 10_000), latencies=1500)
QUICK: Final = Size(rounds=1, messages=5_000, streams=50, idle=(100,), latencies=100)


@dataclass(slots=True)
class Figures:
    """What one server came to; a value a round."""

    inbound_cpu: list[float] = field(default_factory=list)
    inbound_rate: list[float] = field(default_factory=list)
    outbound_cpu: list[float] = field(default_factory=list)
    outbound_rate: list[float] = field(default_factory=list)
    stream_cpu_ms: list[float] = field(default_factory=list)
    stream_rate: list[float] = field(default_factory=list)
    idle_kb: dict[int, list[float]] = field(default_factory=dict)
    latency: Series = field(default_factory=lambda: Series("latency"))

    def to_json(self) -> dict[str, Any]:  # JSON of any shape
        """Give the medians over the rounds."""
        return {
            "inbound": {"cpu_s_per_10k": _middle(self.inbound_cpu), "messages_per_s": _middle(self.inbound_rate)},
            "outbound": {"cpu_s_per_10k": _middle(self.outbound_cpu), "messages_per_s": _middle(self.outbound_rate)},
            "new_stream": {"cpu_ms": _middle(self.stream_cpu_ms), "streams_per_s": _middle(self.stream_rate)},
            "idle_stream_kb": {str(count): _middle(values) for count, values in self.idle_kb.items()},
            "latency": self.latency.to_json() if self.latency.values else None,
        }


def _middle(values: Sequence[float]) -> float | None:
    return round(median(values), 3) if values else None


async def measured(running: Running, work: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Do ``work`` and give the server's processor seconds and the seconds it took."""
    cpu, begun = cpu_seconds(running.process), time.perf_counter()
    await work()
    return cpu_seconds(running.process) - cpu, time.perf_counter() - begun


async def measure_messages(running: Running, size: Size, figures: Figures) -> None:
    """Time messages in both directions, after some that warm everything up."""
    subject, count = running.subject, size.messages
    await send_inbound(subject, min(1000, count))
    cpu, elapsed = await measured(running, lambda: send_inbound(subject, count))
    figures.inbound_cpu.append(cpu * PER / count)
    figures.inbound_rate.append(count / elapsed)
    async with outbound_ready(subject) as (component, counter):
        await send_outbound(subject, component, counter, min(1000, count))
        cpu, elapsed = await measured(running, lambda: send_outbound(subject, component, counter, count))
    figures.outbound_cpu.append(cpu * PER / count)
    figures.outbound_rate.append(count / elapsed)


async def measure_streams(running: Running, size: Size, figures: Figures) -> None:
    """Time new streams, and weigh them while they are idle."""
    async with running.subject.component():  # ejabberd knows a component's domain only while it is connected
        opened = await open_streams(running.subject, WARM, AT_A_TIME)
        before = proportional_kilobytes(running.process)
        cpu, begun = cpu_seconds(running.process), time.perf_counter()
        opened += await open_streams(running.subject, size.streams, AT_A_TIME)
        figures.stream_cpu_ms.append((cpu_seconds(running.process) - cpu) * 1000 / size.streams)
        figures.stream_rate.append(size.streams / (time.perf_counter() - begun))
        for count in size.idle:
            opened += await open_streams(running.subject, max(0, count + WARM - len(opened)), AT_A_TIME)
            await asyncio.sleep(SETTLE)
            grown = proportional_kilobytes(running.process) - before
            figures.idle_kb.setdefault(count, []).append(grown / (len(opened) - WARM))
        for talk in opened:
            talk.close()


async def measure(running: Running, size: Size, figures: Figures, *, last: bool) -> None:
    """Measure one server in one round; idle streams are weighed in the last."""
    await measure_messages(running, size, figures)
    figures.latency.values += (await measure_latency(running.subject, size.latencies, 0.002)).values
    idle = size.idle if last else ()
    await measure_streams(running, Size(size.rounds, size.messages, size.streams, idle, size.latencies), figures)


def take(
    names: Sequence[str], size: Size, environ_of: Callable[[Path], dict[str, str]], *, event_loop: str
) -> dict[str, Figures]:
    """Take all figures of the servers ``names``."""
    figures = {name: Figures() for name in names}
    with loopback_net() as net, tempfile.TemporaryDirectory(prefix="edgecert-bench-") as directory:
        scratch = Path(directory)
        subjects = Subjects(scratch, net, environ_of(scratch), event_loop)
        with subjects.ready() as pki:
            for number in range(size.rounds):
                for name in names:
                    print(f"s2s: round {number + 1} of {size.rounds}: {name}", file=sys.stderr, flush=True)
                    with subjects.run(name, pki, number) as running:
                        last = number == size.rounds - 1
                        asyncio.run(measure(running, size, figures[name], last=last))
                    gc.collect()
    return figures


def report(figures: dict[str, Figures]) -> str:
    """Give the table for people."""
    documents = {name: one.to_json() for name, one in figures.items()}
    rows = [
        _row("inbound message, CPU s per 10,000", documents, "inbound", "cpu_s_per_10k", "{:.2f}"),
        _row("inbound messages per second", documents, "inbound", "messages_per_s", "{:,.0f}"),
        _row("outbound message, CPU s per 10,000", documents, "outbound", "cpu_s_per_10k", "{:.2f}"),
        _row("outbound messages per second", documents, "outbound", "messages_per_s", "{:,.0f}"),
        _row("new stream, CPU ms", documents, "new_stream", "cpu_ms", "{:.2f}"),
        _row("new streams per second", documents, "new_stream", "streams_per_s", "{:,.0f}"),
        *(
            _row(f"idle stream of {int(count):,}, kB", documents, "idle_stream_kb", count, "{:.1f}")
            for count in next(iter(documents.values()))["idle_stream_kb"]
        ),
        _row("one message, median, ms", documents, "latency", "median_ms", "{:.2f}"),
        _row("one message, p99, ms", documents, "latency", "p99_ms", "{:.2f}"),
    ]
    return table(("", *documents), rows)


def _row(title: str, documents: dict[str, Any], group: str, key: str, shape: str) -> tuple[str, ...]:
    values = [(document[group] or {}).get(key) for document in documents.values()]
    return (title, *("–" if value is None else shape.format(value) for value in values))


def main(argv: list[str] | None = None) -> int:
    """Take the figures and print them; 1 if one could not be taken."""
    parser = argparse.ArgumentParser(prog="python -m bench.s2s", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a smoke test")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--only", action="append", help="measure this server (repeat for more)")
    parser.add_argument("--rounds", type=int, help=f"how often each server is measured (default: {FULL.rounds})")
    parser.add_argument("--idle", type=int, action="append", help="weigh so many idle streams (repeat for more)")
    parser.add_argument(
        "--event-loop", choices=("asyncio", "uvloop"), default="asyncio", help="what the gateway waits with"
    )
    args = parser.parse_args(argv)
    size = QUICK if args.quick else FULL
    idle = tuple(args.idle) if args.idle else size.idle
    size = Size(args.rounds or size.rounds, size.messages, size.streams, idle, size.latencies)
    there, missing = installed()
    names = [name for name in there if not args.only or name in args.only]
    allow_open_files(ROOM + 1000)
    machine = {**describe_machine(), "event loop": args.event_loop}
    try:
        figures = take(names, size, clean_environment, event_loop=args.event_loop)
    except (BenchError, PeerError, OSError, TimeoutError) as error:
        print(f"bench.s2s: {error}", file=sys.stderr)
        return 1
    notes = [f"{name} is not installed, its figures are left out: make peers" for name in missing]
    if args.json:
        document = {"bench": "s2s", "machine": machine, "notes": notes}
        print(json.dumps({**document, "servers": {name: one.to_json() for name, one in figures.items()}}, indent=2))
        return 0
    print(f"s2s: {size.rounds} rounds, {size.messages} messages each way, {size.streams} new streams")
    print(*(f"  {name}: {text}" for name, text in machine.items()), "", sep="\n")
    print(report(figures), *notes, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
