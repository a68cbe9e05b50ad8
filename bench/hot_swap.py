"""``python -m bench.hot_swap``: certificates swapped under a gateway that carries streams, handshakes and messages.

One gateway process holds 500 authenticated streams of a partner while new handshakes and messages keep coming. Its
certificate is swapped 100 times over the control socket, timed to the end of the first handshake that shows the new
one; then by whole ``edgecert deploy`` processes, which end when a handshake of their own has shown it. Nothing may
fail, drop or get lost: the bench ends with exit code 1 if anything did. Prosody's and ejabberd's own ways to take a new
certificate are timed in the same run, under the same load, by the same prober.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.demoparts import ProgramError, table
from bench.hot_swap_peers import PeerFigures, Peers
from bench.hot_swap_stage import BIN, HOME, LINEAGE, Rates, Stage, watch_for
from bench.measuring import BenchError, Series, clean_environment, describe_machine, run_measured
from edgecert.shared.control import ControlClient, SwapRequest, encode_swap
from tests.support.net import loopback_net
from tests.support.peers.process import PeerError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgecert.shared.bundle import Bundle

PAUSE: Final = 0.1
"""Seconds between two swaps: the old state is the one that is left."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    streams: int
    swaps: int
    deploys: int
    reloads: int
    handshakes_per_s: float
    messages_per_s: float

    @property
    def rates(self) -> Rates:
        """What the load takes of it."""
        return Rates(streams=self.streams, handshakes_per_s=self.handshakes_per_s, messages_per_s=self.messages_per_s)


FULL: Final = Size(streams=500, swaps=100, deploys=30, reloads=15, handshakes_per_s=110, messages_per_s=200)
QUICK: Final = Size(streams=50, swaps=10, deploys=3, reloads=2, handshakes_per_s=50, messages_per_s=50)


@dataclass(slots=True)
class Figures:
    """What was measured at the gateway."""

    inside: Series = field(default_factory=lambda: Series("in the gateway, from request to swapped"))
    answer: Series = field(default_factory=lambda: Series("control call, sent to answered"))
    first: Series = field(default_factory=lambda: Series("control call to first new handshake"))
    command: Series = field(default_factory=lambda: Series("edgecert deploy, start to verified"))
    idle: Series = field(default_factory=lambda: Series("the same with the gateway idle"))
    counts: dict[str, Any] = field(default_factory=dict)  # JSON of any shape
    streams_left: int = 0

    @property
    def series(self) -> tuple[Series, ...]:
        """All of them."""
        return (self.inside, self.answer, self.first, self.command, self.idle)

    def losses(self) -> list[str]:
        """Give what was lost, in words; nothing if nothing was."""
        counts = self.counts
        found = {
            "handshakes failed": counts["handshakes_failed"],
            "streams dropped": counts["streams_dropped"],
            "streams missing at the end": counts["streams_opened"] - self.streams_left,
            "messages lost": counts["messages_sent"] - counts["messages_received"],
            "messages out of order": counts["messages_out_of_order"],
        }
        lost = [f"{number} {what}" for what, number in found.items() if number]
        if counts["certificates_seen"] != 2:
            lost.append(f"{counts['certificates_seen']} certificates seen instead of 2")
        return lost + list(counts["faults"])


def measure_gateway(stage: Stage, size: Size) -> Figures:
    """Swap under load and give the figures.

    Raises:
        BenchError: a swap did not come through.
        ProgramError: the load did not come up, or never finished.
    """
    figures = Figures()
    stage.start_gateway()
    generations = stage.issue()
    # The first generation is in service: begin with the second.
    turns = cycle(reversed(generations))
    swap_by_command(stage, next(turns), Series("compiles the modules"))
    for bundle in islice(turns, size.deploys):
        swap_by_command(stage, bundle, figures.idle)
    load = stage.start_load()
    for bundle in islice(turns, size.swaps):
        swap_by_call(stage, bundle, figures)
        time.sleep(PAUSE)
    for bundle in islice(turns, size.deploys):
        swap_by_command(stage, bundle, figures.command)
        time.sleep(PAUSE)
    figures.streams_left = stage.run("edgecert-gateway", "status", "--socket", stage.control)["streams"]["inbound"]
    figures.counts = load.finish()
    return figures


def swap_by_call(stage: Stage, bundle: Bundle, figures: Figures) -> None:
    """Swap as a resident program would: over the control socket, the connection made anew."""
    client = ControlClient(stage.control)
    body = encode_swap(SwapRequest(bundle, rollback=True))
    with watch_for(f"{stage.address}:5269", HOME, bundle.meta.fingerprint_sha256) as sighting:
        begun = time.monotonic()
        answer = client.post("/v1/swap", body)
        answered = time.monotonic()
    assert sighting.at is not None
    figures.inside.add(float(str(answer["elapsed_ms"])))
    figures.answer.add((answered - begun) * 1000)
    figures.first.add((sighting.at - begun) * 1000)


def swap_by_command(stage: Stage, bundle: Bundle, series: Series) -> None:
    """Swap as a person or a timer does: the command ends when a handshake of its own has shown the new certificate."""
    generation = str(bundle.meta.generation)
    command = (BIN / "edgecert", "deploy", LINEAGE, "--generation", generation, "--state-dir", stage.state_dir)
    series.add(run_measured(command, stage.environ, cwd=stage.directory))


def rows_of(series: Iterable[Series]) -> list[tuple[str, ...]]:
    """Give a table's rows of ``series``."""
    return [(one.name, f"{one.median:.1f} ms", f"{one.p99:.1f} ms", str(len(one.values))) for one in series]


def load_row(name: str, counts: dict[str, Any]) -> tuple[str, ...]:
    """Give what the load at one server came to."""
    took = counts["handshake"]
    return (
        name,
        f"{counts['handshakes']}",
        f"{counts['handshakes_failed']}",
        f"{took['median_ms']:.0f} ms",
        f"{took['p99_ms']:.0f} ms",
        f"{counts['streams_opened']}",
        f"{counts['streams_dropped']}",
        f"{counts['messages_sent']}",
        f"{counts['messages_sent'] - counts['messages_received']}",
    )


def report(figures: Figures, peers: PeerFigures) -> str:
    """Give the tables for people."""
    lines = [table(("our gateway, under load", "median", "p99", "runs"), rows_of(figures.series)), ""]
    if peers.series:
        head = ("others, same load, to first new handshake", "median", "p99", "runs")
        lines += [table(head, rows_of(peers.series)), ""]
    columns = ("the load", "handshakes", "failed", "median", "p99", "streams", "dropped", "messages", "lost")
    lines += [
        table(columns, [load_row(name, one) for name, one in {"ours": figures.counts, **peers.counts}.items()]),
        "",
    ]
    lines += [f"  {note}" for note in peers.notes]
    losses = figures.losses()
    return "\n".join([*lines, "Nothing was lost." if not losses else f"LOST: {'; '.join(losses)}"])


def main(argv: list[str] | None = None) -> int:
    """Take the figures and print them; 1 if anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m bench.hot_swap", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--quick", action="store_true", help=f"{QUICK.streams} streams, {QUICK.swaps} swaps: a smoke test"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--no-peers", action="store_true", help="leave Prosody and ejabberd out")
    args = parser.parse_args(argv)
    size = QUICK if args.quick else FULL
    allow_open_files(size.streams * 2 + 1000)
    machine = describe_machine()
    with loopback_net() as net, tempfile.TemporaryDirectory(prefix="edgecert-bench-") as directory:
        scratch = Path(directory)
        environ = clean_environment(scratch)
        stage = Stage(scratch, net, environ, size.rates)
        try:
            figures = measure_gateway(stage, size)
            stage.stop()
            peers = PeerFigures() if args.no_peers else Peers(stage, size.reloads).measure()
        except (BenchError, PeerError, ProgramError) as error:
            print(f"bench.hot_swap: {error}", file=sys.stderr)
            return 1
        finally:
            stage.stop()
    if args.json:
        every = [*figures.series, *peers.series]
        document = {
            "bench": "hot_swap",
            "machine": machine,
            "series": {one.name: one.to_json() for one in every},
            "load": {"ours": figures.counts, **peers.counts},
            "lost": figures.losses(),
            "notes": peers.notes,
        }
        print(json.dumps(document, indent=2))
    else:
        print(f"hot_swap: {size.streams} streams, {size.swaps} swaps, {size.deploys} deploy commands")
        print(*(f"  {name}: {text}" for name, text in machine.items()), "", sep="\n")
        print(report(figures, peers))
    return 1 if figures.losses() else 0


def allow_open_files(wanted: int) -> None:
    """Raise this process's and its children's limit of open files, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


if __name__ == "__main__":
    sys.exit(main())
