"""``python -m bench.discover``: what it costs to look a thousand domains up, beside ``dig`` and dnspython.

Knot holds the zone. Six in ten domains have an XMPP server, three of them SIP too, and each record leads to a host with
an address. ``edgecert plan --discover`` asks for all that it wants to know of them and proposes the topology; the
others are given the very questions that it asked and only look them up: ``dig -f``, which asks one after the other, and
dnspython, by its plain resolver and by its asynchronous one with as many at a time as edgecert. Whole processes; the
runs alternate, and every one has to find as many records as the zone has for these questions.
"""

from __future__ import annotations

import argparse
import getpass
import json
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.demoparts import table
from bench.measuring import BenchError, Series, clean_environment, describe_machine, run_told
from edgecert.dns.lookup import Lookup
from edgecert.model.discovery import discovery_questions, follow_up_questions
from edgecert.model.dnsrecords import Question
from tests.support.net import loopback_net
from tests.support.processes import Program, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BIN: Final = Path(sys.executable).parent
DOMAINS: Final = 1000
QUICK_DOMAINS: Final = 50
ROUNDS: Final = 7
QUICK_ROUNDS: Final = 1

KNOT: Final = """server:
    listen: {address}@53
    rundir: {directory}
    user: {user}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: warning
database:
    storage: {directory}
zone:
  - domain: example
    storage: {directory}
    file: example.zone
"""
# Both print how many records they found.
PLAIN: Final = """
import sys, dns.resolver
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers = [sys.argv[1]]
found = 0
for line in open(sys.argv[2]):
    name, type_ = line.split()
    try:
        found += len(resolver.resolve(name + ".", type_, search=False, raise_on_no_answer=False).rrset or ())
    except dns.resolver.NXDOMAIN:
        pass
print(found)
"""
ASYNC: Final = """
import asyncio, sys, dns.asyncresolver, dns.resolver
resolver = dns.asyncresolver.Resolver(configure=False)
resolver.nameservers = [sys.argv[1]]
async def main():
    found, pending = 0, iter([line.split() for line in open(sys.argv[2])])
    async def work():
        nonlocal found
        for name, type_ in pending:
            try:
                answer = await resolver.resolve(name + ".", type_, search=False, raise_on_no_answer=False)
                found += len(answer.rrset or ())
            except dns.resolver.NXDOMAIN:
                pass
    async with asyncio.TaskGroup() as group:
        for _ in range(64):
            group.create_task(work())
    print(found)
asyncio.run(main())
"""


def zone_file(domains: Sequence[str]) -> str:
    """Give the zone: some domains with XMPP, some with SIP too, some with nothing but CAA."""
    lines = ["$ORIGIN example.", "$TTL 60", "@ SOA ns admin 1 3600 600 86400 5", "@ NS ns", "ns A 192.0.2.53"]
    for number, domain in enumerate(domains):
        label = domain.removesuffix(".example")
        if number % 10 < 6:
            lines += [f"_xmpp-server._tcp.{label} SRV 0 5 5269 xmpp.{label}", f"xmpp.{label} A 192.0.2.{number % 250}"]
        if number % 10 < 3:
            lines += [f"_sipfederationtls._tcp.{label} SRV 0 5 5061 sip.{label}", f"sip.{label} A 198.51.100.7"]
            lines += [f"sip.{label} AAAA 2001:db8::{number:x}"]
        if number % 10 == 9:
            lines.append(f'{label} CAA 0 issue "letsencrypt.org"')
    return "\n".join(lines) + "\n"


@contextmanager
def nameserver(directory: Path, domains: Sequence[str]) -> Iterator[str]:
    """Run Knot with the zone while the context lasts; give its address."""
    with loopback_net() as net:
        values = {"address": f"{net}1", "directory": directory, "user": getpass.getuser()}
        (directory / "knot.conf").write_text(KNOT.format(**values), encoding="utf-8")
        (directory / "example.zone").write_text(zone_file(domains), encoding="utf-8")
        with Program(["knotd", "-c", str(directory / "knot.conf")], directory / "knot.log"):
            soa = Question("example", "SOA")
            wait_until(lambda: bool(Lookup([f"{net}1"]).ask([soa])[soa].records), what="the zone")
            yield f"{net}1"


@dataclass(frozen=True, slots=True)
class Bench:
    """One stage: the nameserver, the domains, the questions in a file, and how many records answer them."""

    scratch: Path
    address: str
    domains: Sequence[str]
    questions: int
    records: int

    @property
    def file(self) -> Path:
        """The questions, as ``dig -f`` reads them."""
        return self.scratch / "questions"

    def subjects(self) -> Mapping[str, Sequence[str | Path]]:
        """Give what is measured, ours first."""
        python = Path(sys.executable)
        found: dict[str, Sequence[str | Path]] = {
            "edgecert plan --discover": [
                *(BIN / "edgecert", "plan", "--json", "--state-dir", self.scratch / "state"),
                *("--nameserver", self.address, "--discover", *self.domains),
            ],
            "dnspython, asynchronous": [python, "-c", ASYNC, self.address, self.file],
            "dnspython, one by one": [python, "-c", PLAIN, self.address, self.file],
        }
        if shutil.which("dig"):
            found["dig -f"] = ["dig", f"@{self.address}", "+noall", "+answer", "-f", self.file]
        return found

    def verify(self, name: str, said: str) -> None:
        """See that a run found what there is.

        Raises:
            BenchError: it did not.
        """
        if name.startswith("edgecert"):
            topology = json.loads(said)["result"]["discovery"]["topology"]
            found, wanted = len(topology["xmpp_domains"]) + len(topology["sip_domains"]), len(self.domains) * 9 // 10
        else:
            found, wanted = (len(said.splitlines()) if name.startswith("dig") else int(said)), self.records
        if found != wanted:
            message = f"{name} found {found} instead of {wanted}"
            raise BenchError(message)

    def measure(self, rounds: int) -> list[Series]:
        """Measure all of them ``rounds`` times in turn; the first round warms up."""
        environ = clean_environment(self.scratch)
        series = {name: Series(name) for name in self.subjects()}
        for turn in range(-1, rounds):
            for name, command in self.subjects().items():
                elapsed, said = run_told(command, environ, cwd=self.scratch)
                self.verify(name, said)
                if turn >= 0:
                    series[name].add(elapsed)
        return list(series.values())

    def start(self) -> float:
        """Give the milliseconds of a run that asks for a single domain: what starting costs."""
        environ = clean_environment(self.scratch)
        command: list[str | Path] = [
            *(BIN / "edgecert", "plan", "--json", "--state-dir", self.scratch / "state"),
            *("--nameserver", self.address, "--discover", self.domains[0]),
        ]
        return min(run_told(command, environ, cwd=self.scratch)[0] for _ in range(3))


def prepare(scratch: Path, address: str, domains: Sequence[str]) -> Bench:
    """Ask once, and write down what was asked."""
    lookup = Lookup([address])
    first = discovery_questions(domains)
    answers = lookup.ask(first)
    answers = lookup.ask(follow_up_questions(domains, answers))
    bench = Bench(scratch, address, domains, len(answers), sum(len(answer.records) for answer in answers.values()))
    failed = [answer.error for answer in answers.values() if answer.error]
    if failed:
        raise BenchError(failed[0])
    bench.file.write_text("".join(f"{each.name} {each.type}\n" for each in answers), encoding="utf-8")
    return bench


def report(bench: Bench, series: Sequence[Series], start: float) -> str:
    """Give the table for people."""
    ours = series[0].median
    rows = [
        (
            each.name,
            f"{each.median / 1000:.2f} s",
            f"{min(each.values) / 1000:.2f} – {max(each.values) / 1000:.2f} s",
            f"{bench.questions / each.median * 1000:,.0f}",
            f"{each.median / ours:.1f}",
        )
        for each in series
    ]
    heading = f"{len(bench.domains)} domains, {bench.questions} questions, {bench.records} records"
    lines = [heading, table(("whole process", "median", "ends", "questions/s", "ratio"), rows)]
    lines.append(f"of edgecert's, a run for one domain takes {start / 1000:.2f} s")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Take the figures and print them."""
    parser = argparse.ArgumentParser(prog="python -m bench.discover", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_DOMAINS} domains, one round: a smoke test")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    args = parser.parse_args(argv)
    domains = [f"d{number}.example" for number in range(QUICK_DOMAINS if args.quick else DOMAINS)]
    begun, machine = time.monotonic(), describe_machine()
    with tempfile.TemporaryDirectory(prefix="edgecert-bench-") as directory:
        scratch = Path(directory)
        with nameserver(scratch, domains) as address:
            bench = prepare(scratch, address, domains)
            series = bench.measure(QUICK_ROUNDS if args.quick else ROUNDS)
            start = bench.start()
    if args.json:
        figures = {each.name: each.to_json() for each in series}
        print(json.dumps({"machine": machine, "questions": bench.questions, "start_ms": start, "figures": figures}))
    else:
        print("\n".join(f"{key:10}{value}" for key, value in machine.items()))
        print(report(bench, series, start))
        print(f"taken in {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BenchError, subprocess.TimeoutExpired) as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(1)
