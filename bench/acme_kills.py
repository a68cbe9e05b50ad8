"""``python -m bench.acme_kills``: whole processes killed at random moments of an issuance; the next run finishes.

Each time: an empty state directory, an account, an order for a name and a wildcard; SIGKILL at a random moment of the
latter part of the time that an undisturbed run takes, when its modules are loaded; then a second run. It must end with
one certificate, for the key that was on the disk, by the order that was written down, by the one account; no challenge
may be left behind and no half-written file.
The CA is the strict server of the tests.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final

from bench.measuring import describe_machine
from tests.support.acmekills import KilledHost, killed_host

ROUNDS: Final = 100
QUICK_ROUNDS: Final = 5
LOADED: Final = 0.8
"""What part of a run loads modules before anything happens that could be lost."""
TIMEOUT: Final = 60.0
BIN: Final = Path(sys.executable).parent


def start(place: KilledHost) -> subprocess.Popen[bytes]:
    """Start a run."""
    flags = ("-c", str(place.host.flags_file), "--state-dir", str(place.state), "--json")
    return subprocess.Popen([BIN / "edgecert", "issue", *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def stage_of(place: KilledHost) -> str:
    """Tell how far a run got, by what is on the disk."""
    if place.is_done():
        return "certificate stored"
    if place.order():
        return "order placed"
    if place.requests():
        return "key and request stored"
    return "nothing yet"


def kill_at(place: KilledHost, number: int, moment: float) -> tuple[str, bool]:
    """Kill a run after ``moment`` seconds and finish it; give how far it got, and whether it was alive by then."""
    place.step = number
    place.host.server.forget()
    process = start(place)
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
    killed = process.wait(TIMEOUT) == -signal.SIGKILL
    stage = stage_of(place)
    place.finish(number, lambda: start(place).wait(TIMEOUT))
    return stage, killed


def usual(place: KilledHost) -> float:
    """Give the seconds that an undisturbed run takes, modules compiled before."""
    begun = 0.0
    for number in (-1, -2):
        place.step = number
        place.host.server.forget()
        begun = time.perf_counter()
        if start(place).wait(TIMEOUT):
            message = "an undisturbed run fails"
            raise RuntimeError(message)
    return time.perf_counter() - begun


def main(argv: list[str] | None = None) -> int:
    """Kill and count; 1 if something was lost."""
    parser = argparse.ArgumentParser(prog="python -m bench.acme_kills", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} kills instead of {ROUNDS}")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments (default: another each time)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    args = parser.parse_args(argv)
    rounds = QUICK_ROUNDS if args.quick else ROUNDS
    seed = args.seed or random.SystemRandom().randrange(1, 2**31)
    moments = random.Random(seed)  # noqa: S311  # no secret: moments
    stages: Counter[str] = Counter()
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="edgecert-bench-") as directory, killed_host(Path(directory)) as place:
        length = usual(place)
        for number in range(1, rounds + 1):
            try:
                stage, killed = kill_at(place, number, length * moments.uniform(LOADED, 1.0))
            except AssertionError as error:
                faults.append(str(error))
                continue
            stages[stage if killed else "it was done before"] += 1
    if args.json:
        document = {"bench": "acme_kills", "machine": describe_machine(), "seed": seed, "kills": rounds}
        print(json.dumps({**document, "found": dict(stages), "faults": faults}, indent=2))
    else:
        print(f"acme_kills: {rounds} runs of {length * 1000:.0f} ms killed at random moments (--seed {seed})")
        print(*(f"  {stage}: {number}" for stage, number in stages.most_common()), sep="\n")
        print(*(f"  FAULT {fault}" for fault in faults), f"  faults: {len(faults)}", sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
