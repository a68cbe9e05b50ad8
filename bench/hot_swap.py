"""``python -m bench.hot_swap``: certificates swapped under a gateway that carries streams, handshakes and messages.

One gateway process holds 500 authenticated streams of a partner while new handshakes and messages keep coming. Its
certificate is swapped by whole ``edgecert deploy`` processes, which end when a handshake of their own has shown it;
then over the control socket, 100 times by two generations that take turns and are held by the gateway already, and 100
times by new ones, which it writes to the disk first; these are timed to the end of the first handshake that shows them.
Nothing may fail, drop or get lost: the bench ends with exit code 1 if anything did. Prosody's and ejabberd's own ways
to take a new certificate are timed in the same run, under the same load, by the same prober.
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
from bench.measuring import BenchError, Series, clean_environment, describe_machine, run_told
from edgecert.shared.control import SwapRequest, encode_swap
from edgecert.shared.controlclient import ControlClient
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

    inside: Series = field(default_factory=lambda: Series("new generation: inside the gateway"))
    first: Series = field(default_factory=lambda: Series("new generation: call to first handshake"))
    inside_held: Series = field(default_factory=lambda: Series("held generation: inside the gateway"))
    first_held: Series = field(default_factory=lambda: Series("held generation: call to first handshake"))
    command: Series = field(default_factory=lambda: Series("edgecert deploy, start to verified"))
    idle: Series = field(default_factory=lambda: Series("the same with the gateway idle"))
    counts: dict[str, Any] = field(default_factory=dict)  # JSON of any shape
    streams_left: int = 0
    known: set[str] = field(default_factory=set)
    """The certificates that may be served, by SHA-256."""

    @property
    def series(self) -> tuple[Series, ...]:
        """All of them."""
        return (self.inside_held, self.first_held, self.inside, self.first, self.command, self.idle)

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
        if strange := set(counts["certificates"]) - self.known:
            lost.append(f"{len(strange)} certificates seen that nobody deployed")
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
    further = stage.make_generations(len(generations) + 1, size.swaps)
    figures.known = {bundle.meta.fingerprint_sha256 for bundle in (*generations, *further)}
    # The first generation is in service: begin with the second.
    turns = cycle(reversed(generations))
    swap_by_command(stage, next(turns), Series("compiles the modules"))
    for bundle in islice(turns, size.deploys):
        swap_by_command(stage, bundle, figures.idle)
    load = stage.start_load()
    for bundle in islice(turns, size.deploys):
        swap_by_command(stage, bundle, figures.command)
        time.sleep(PAUSE)
    for bundle in islice(turns, size.swaps):
        swap_by_call(stage, bundle, figures.inside_held, figures.first_held)
    for bundle in further:
        swap_by_call(stage, bundle, figures.inside, figures.first)
    figures.streams_left = stage.run("edgecert-gateway", "status", "--socket", stage.control)["streams"]["inbound"]
    figures.counts = load.finish()
    return figures


def swap_by_call(stage: Stage, bundle: Bundle, inside: Series, first: Series) -> None:
    """Swap as a resident program would, over a new control connection."""
    body = encode_swap(SwapRequest(bundle, rollback=True))
    with watch_for(f"{stage.address}:5269", HOME, bundle.meta.fingerprint_sha256) as sighting:
        begun = time.monotonic()
        answer = ControlClient(stage.control).post("/v1/swap", body)
    assert sighting.at is not None
    inside.add(float(str(answer["elapsed_ms"])))
    first.add((sighting.at - begun) * 1000)
    time.sleep(PAUSE)


def swap_by_command(stage: Stage, bundle: Bundle, series: Series) -> None:
    """Swap as a person or a timer does: the command ends when a handshake of its own has shown the new certificate."""
    generation = str(bundle.meta.generation)
    command = (
        BIN / "edgecert",
        "deploy",
        LINEAGE,
        "--generation",
        generation,
        "--state-dir",
        stage.state_dir,
        "--json",
    )
    elapsed, told = run_told(command, stage.environ, cwd=stage.directory)
    (target,) = json.loads(told)["result"]["targets"]
    if target["verdict"] != "same":
        message = f"deployed, and then seen: {target['verdict']} ({target['error']})"
        raise BenchError(message)
    series.add(elapsed)


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
    parser.add_argument("--key", choices=("ecdsa-256", "rsa-2048"), default="ecdsa-256", help="of the certificates")
    parser.add_argument("--no-peers", action="store_true", help="leave Prosody and ejabberd out")
    args = parser.parse_args(argv)
    size = QUICK if args.quick else FULL
    allow_open_files(size.streams * 2 + 1000)
    machine = describe_machine()
    with loopback_net() as net, tempfile.TemporaryDirectory(prefix="edgecert-bench-") as directory:
        scratch = Path(directory)
        environ = clean_environment(scratch)
        stage = Stage(scratch, net, environ, size.rates, args.key)
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
            "key": args.key,
            "series": {one.name: one.to_json() for one in every},
            "load": {"ours": figures.counts, **peers.counts},
            "lost": figures.losses(),
            "notes": peers.notes,
        }
        print(json.dumps(document, indent=2))
    else:
        print(
            f"hot_swap: {size.streams} streams, {size.swaps} + {size.swaps} swaps, {size.deploys} deploys, {args.key}"
        )
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
