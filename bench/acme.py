"""``python -m bench.acme``: from the command to the certificate on the disk, whole processes, beside other clients.

All get a certificate with a new P-256 key from the same Pebble by http-01, with an account that they have already, for
one name and for fifty. Rounds go round the clients, so that a busy moment of the machine hits all. A client that is not
installed is left out (``scripts/install-bench-clients`` installs them); ``--slow`` also measures those that take
minutes for fifty names, once.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from subprocess import TimeoutExpired
from typing import TYPE_CHECKING, Final

from bench.acme_clients import clients, web_server
from bench.demoparts import table
from bench.measuring import TIMEOUT, BenchError, Series, clean_environment, describe_machine, run_measured
from tests.support.net import loopback_net
from tests.support.pebble import Pebble

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.acme_clients import Client

ROUNDS: Final = 15
QUICK_ROUNDS: Final = 2
COUNTS: Final = (1, 50)
# Seconds for fifty names one after the other, as they do: seen as 92 and 227.
SLOW: Final = frozenset({"lego", "dehydrated"})


def names_of(count: int) -> tuple[str, ...]:
    """Give ``count`` names."""
    return ("sip.contoso.com", *(f"h{number}.contoso.com" for number in range(1, count)))


class Measured:
    """One client and one number of names: its series, or why there is none."""

    def __init__(self, client: Client, count: int, environ: Mapping[str, str]) -> None:
        """Prepare nothing yet."""
        self.client, self.names = client, names_of(count)
        self.series = Series(f"{client.name}, {count}")
        self.reason = client.missing
        self._environ = {**environ, **client.environ(self.names)}
        self._serial = 0

    def begin(self) -> None:
        """Open the account and issue once without measuring: caches are filled then, and modules compiled."""
        self.client.place.mkdir(parents=True)
        (self.client.www / ".well-known" / "acme-challenge").mkdir(parents=True)
        if command := self.client.prepare(self.names):
            run_measured(command, self._environ, cwd=self.client.place)
        self.round(counted=False)

    def round(self, *, counted: bool = True) -> None:
        """Issue once."""
        with ExitStack() as stack:
            if self.client.webroot:
                stack.callback(web_server(self.client).stop)
            try:
                elapsed = run_measured(self.client.issue(self.names), self._environ, cwd=self.client.place)
            except TimeoutExpired:
                self.reason = f"it takes more than {TIMEOUT:.0f} s"
                return
        self._serial = self.client.verify(self.names, self._serial)
        if counted:
            self.series.add(elapsed)


def measure(pebble: Pebble, scratch: Path, rounds: int, *, slow: bool) -> dict[int, list[Measured]]:
    """Give what each client takes for each number of names."""
    environ = clean_environment(scratch)
    found: dict[int, list[Measured]] = {}
    for count in COUNTS:
        found[count] = [Measured(client, count, environ) for client in clients(pebble, scratch / str(count))]
        for one in found[count]:
            is_slow = count > 1 and one.client.name in SLOW
            if not one.reason and is_slow and not slow:
                one.reason = "it takes minutes: --slow"
            if one.reason:
                continue
            one.begin()
            if is_slow and not one.reason:
                one.round()
        for _ in range(rounds):
            for one in found[count]:
                if not one.reason and not (count > 1 and one.client.name in SLOW):
                    one.round()
    return found


def report(found: Mapping[int, Sequence[Measured]]) -> str:
    """Give the tables for people."""
    parts = []
    for count, measured in found.items():
        rows = []
        for one in measured:
            series = one.series
            if series.values:
                ends = f"{min(series.values):.0f} to {max(series.values):.0f} ms"
                rows.append((one.client.name, f"{series.median:.0f} ms", ends))
            else:
                rows.append((one.client.name, "–", one.reason))
        parts.append(table((f"{count} name{'s' if count > 1 else ''}", "median", "from, to"), rows))
    return "\n\n".join(parts)


def main(argv: list[str] | None = None) -> int:
    """Take the figures and print them."""
    parser = argparse.ArgumentParser(prog="python -m bench.acme", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds instead of {ROUNDS}: a smoke test")
    parser.add_argument("--slow", action="store_true", help="also fifty names with those that take minutes")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    args = parser.parse_args(argv)
    rounds = QUICK_ROUNDS if args.quick else ROUNDS
    machine = describe_machine()
    with tempfile.TemporaryDirectory(prefix="edgecert-bench-") as directory, loopback_net() as net:
        scratch = Path(directory)
        try:
            with Pebble(scratch / "pebble", net) as pebble:
                found = measure(pebble, scratch, rounds, slow=args.slow)
        except (BenchError, OSError) as error:
            print(f"bench.acme: {error}", file=sys.stderr)
            return 1
    if args.json:
        series = [one.series for measured in found.values() for one in measured if one.series.values]
        left = {one.series.name: one.reason for measured in found.values() for one in measured if one.reason}
        named = {one.name: one.to_json() for one in series}
        print(json.dumps({"bench": "acme", "machine": machine, "series": named, "left_out": left}, indent=2))
        return 0
    print(f"acme: {rounds} rounds, going round the clients; medians")
    print(*(f"  {name}: {text}" for name, text in machine.items()), "", sep="\n")
    print(report(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
