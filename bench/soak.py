"""A soak: a gateway under traffic for half an hour while its partners come and go and its certificate is swapped.

``python -m bench.soak [--minutes 30] [--partners 200] [--rate 100] [--json]``. The gateway is a process of its own. Its
partners and its home system are in this one and count for themselves; in the end both ends' counts are held against
each other and against the gateway's metrics:

* each message to a partner has arrived or has come back as an error, and none arrived that was not sent;
* what the gateway says came in is what has ended and what waits;
* what the gateway has acknowledged to a partner has reached the home system;
* the gateway's memory at the end is that after the first fifth.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from bench.measuring import BenchError
from bench.soak_partners import FarWorld
from bench.usage import cpu_seconds, proportional_kilobytes
from edgecert.shared.clock import SystemClock
from edgecert.shared.control import SwapRequest, encode_swap
from gateway.net.resolver import Resolver
from gateway.tls.trust import load_trust
from tests.support.component import Component, connect_component
from tests.support.dns import DNS_PORT, host_records, serve_dns
from tests.support.gatewayrunner import COMPONENT_PORT, SECRET, GatewayRunner
from tests.support.net import loopback_net
from tests.support.pki import Pki

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.soak_partners import FarEnd
    from edgecert.shared.jsonvalue import JsonObject

HOME: Final = "home.example"
FIRST_PARTNER: Final = 54
MOST_PARTNERS: Final = 200
SWAP_INTERVAL: Final = 10.0
SAMPLE_INTERVAL: Final = 5.0
LAST_ONES: Final = 420.0
"""Seconds for what waits to get through in the end, when all partners are there: the longest back-off and a little."""
GROWTH_ALLOWED: Final = 1.10
_STANZA: Final = re.compile(r"<(message|iq|presence)\b([^>]*?)(?:/>|>.*?</\1>)", re.DOTALL)


@dataclass
class HomeCounts:
    """What the home system saw."""

    sent: set[str] = field(default_factory=set)
    returned: set[str] = field(default_factory=set)
    conditions: dict[str, int] = field(default_factory=dict)
    queries: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    arrived: dict[str, int] = field(default_factory=dict)

    def take(self, kind: str, text: str) -> None:
        """Count a stanza from the gateway."""
        identity = _attribute(text, "id")
        type_ = _attribute(text, "type")
        if kind == "iq":
            self.answered.add(identity)
        elif type_ == "error":
            self.returned.add(identity)
            condition = re.search(r"<([a-z-]+) xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'", text)
            name = condition[1] if condition else "?"
            self.conditions[name] = self.conditions.get(name, 0) + 1
        else:
            self.arrived[identity] = self.arrived.get(identity, 0) + 1


def _attribute(text: str, name: str) -> str:
    found = re.search(rf"\b{name}=['\"]([^'\"]*)", text.partition(">")[0])
    return found[1] if found else ""


@dataclass
class Soak:
    """One run."""

    minutes: float
    rate: float
    gateway: GatewayRunner
    far: FarWorld
    pki: Pki
    home: HomeCounts = field(default_factory=HomeCounts)
    memory: list[int] = field(default_factory=list)
    swaps: int = 0
    comings: int = 0
    ended: bool = False

    async def run(self, component: Component) -> dict[str, Any]:
        """Do it all and give the figures."""
        begun, cpu = time.monotonic(), cpu_seconds(self.gateway.program.pid)
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(self._read(component), name="read")
            work = [
                group.create_task(self._talk(component), name="talk"),
                group.create_task(self._churn(), name="churn"),
                group.create_task(self._swap(), name="swap"),
                group.create_task(self._sample(), name="sample"),
            ]
            await asyncio.sleep(self.minutes * 60)
            self.ended = True
            await asyncio.wait(work)
            await self._settle()
            reading.cancel()
        seconds = time.monotonic() - begun
        return self._judge(seconds, cpu_seconds(self.gateway.program.pid) - cpu)

    # --- what happens meanwhile

    async def _talk(self, component: Component) -> None:
        number, begun = 0, time.monotonic()
        while not self.ended:
            number += 1
            end = random.choice(self.far.ends)  # noqa: S311  # load, no secret
            if number % 10 == 0:
                await self._ask(component, end, f"q{number}")
            elif number % 2:
                await self._tell(component, end, f"h{number}")
            else:
                end.say(f"f{number}", f"user@{HOME}")
            await asyncio.sleep(max(0.0, begun + number / self.rate - time.monotonic()))

    async def _tell(self, component: Component, end: FarEnd, identity: str) -> None:
        self.home.sent.add(identity)
        addresses = f"from='user@{HOME}' to='user@{end.domain}'"
        await component.send(f"<message {addresses} id='{identity}' type='chat'><body>{'x' * 100}</body></message>")

    async def _ask(self, component: Component, end: FarEnd, identity: str) -> None:
        self.home.queries.add(identity)
        await component.send(
            f"<iq from='user@{HOME}/x' to='user@{end.domain}/y' id='{identity}' type='get'><q xmlns='urn:soak'/></iq>"
        )

    async def _read(self, component: Component) -> None:
        while True:
            with suppress(TimeoutError):  # nothing came for a while
                found = _STANZA.match(await component.receive())
                if found is not None:
                    self.home.take(found[1], found[0])

    async def _churn(self) -> None:
        """Let partners go, by goodbye or by the plug, and come back a little later; a fifth is away at a time."""
        away: list[tuple[float, FarEnd]] = []
        while not self.ended:
            now = time.monotonic()
            for due, end in [item for item in away if item[0] <= now]:
                away.remove((due, end))
                await end.come()
            present = [end for end in self.far.ends if end.hub is not None]
            if len(away) < len(self.far.ends) / 5:
                end = random.choice(present)  # noqa: S311  # load, no secret
                await end.go(gracefully=random.random() < 0.5)  # noqa: S311
                away.append((now + random.uniform(1.0, 30.0), end))  # noqa: S311
                self.comings += 1
            await asyncio.sleep(0.25)
        for _, end in away:
            await end.come()

    async def _swap(self) -> None:
        """Put a new certificate into service every ten seconds: streams are kept, drained, ended, by turns."""
        generation = 1
        while not self.ended:
            await asyncio.sleep(SWAP_INTERVAL)
            generation += 1
            how = ("keep", "drain", "now")[generation % 3]
            bundle = self.pki.issue([HOME]).bundle(generation=generation)
            body = {**encode_swap(SwapRequest(bundle)), "close_old_streams": how}
            await asyncio.to_thread(self.gateway.client().post, "/v1/swap", body)
            self.swaps += 1

    async def _sample(self) -> None:
        while not self.ended:
            self.memory.append(proportional_kilobytes(self.gateway.program.pid))
            await asyncio.sleep(SAMPLE_INTERVAL)

    async def _settle(self) -> None:
        """Wait until nothing waits any more, here or there."""
        end = time.monotonic() + LAST_ONES
        while time.monotonic() < end:
            counts = await asyncio.to_thread(self.metrics)
            far = sum(not pair.empty for each in self.far.ends if each.hub for pair in each.hub.pairs.values())
            if not far and not sum(value for name, value in counts if name.startswith("queue_waiting")):
                break
            await asyncio.sleep(0.5)
        await asyncio.sleep(1.0)  # the last bounces on their way to the home system

    # --- the end

    def metrics(self) -> list[tuple[str, float]]:
        """Give the gateway's metrics."""
        text = self.gateway.client(changing=False).get_text("/metrics")
        lines = (
            line.removeprefix("edgecert_gateway_").rpartition(" ") for line in text.splitlines() if line[:1] != "#"
        )
        return [(name, float(value)) for name, _, value in lines if value]

    def _judge(self, seconds: float, cpu: float) -> dict[str, Any]:
        counts = self.metrics()
        total = _Totals(counts)
        tally, home = self.far.tally, self.home
        lost = home.sent - tally.arrived.keys() - home.returned
        both = home.returned & tally.arrived.keys()
        first, last = _fifths(self.memory)
        waiting = total("queue_waiting")
        result: dict[str, Any] = {
            "minutes": round(seconds / 60, 1),
            "partners": len(self.far.ends),
            "comings_and_goings": self.comings,
            "swaps": self.swaps,
            "cpu_seconds": round(cpu, 1),
            "to_partners": {
                "messages": len(home.sent),
                "arrived": sum(identity in home.sent for identity in tally.arrived),
                "arrived_twice": sum(count > 1 for count in tally.arrived.values()),
                "returned": len(home.returned & home.sent),
                "arrived_and_returned": len(both),
                "lost": len(lost),
                "conditions": dict(sorted(home.conditions.items())),
                "queries": len(home.queries),
                "queries_answered": len(home.answered & home.queries),
            },
            "from_partners": {
                "messages": len(tally.sent),
                "acknowledged": len(tally.acknowledged),
                "arrived": len(home.arrived),
                "arrived_twice": sum(count > 1 for count in home.arrived.values()),
                "acknowledged_and_lost": len(tally.acknowledged - home.arrived.keys()),
            },
            "gateway": {
                **{name: int(value) for name, value in counts if name.startswith("queue_")},
                "sums_close": total("queue_entered_total") == total("queue_settled_total") + waiting,
            },
            "memory_kb": {"after_a_fifth": first, "in_the_last_fifth": last, "most": max(self.memory)},
        }
        faults = self._faults(result, lost, first, last, waiting)
        return {**result, "faults": faults}

    def _faults(self, result: dict[str, Any], lost: set[str], first: float, last: float, waiting: float) -> list[str]:
        strangers = self.far.tally.arrived.keys() - self.home.sent
        unanswered = self.home.queries - self.home.answered
        checks = (
            (not lost, f"{len(lost)} messages to partners neither arrived nor came back: {sorted(lost)[:10]}"),
            (not strangers, f"{len(strangers)} messages arrived that were never sent"),
            (not result["from_partners"]["acknowledged_and_lost"], "messages were acknowledged and did not arrive"),
            (result["gateway"]["sums_close"], "the gateway's sums do not close"),
            (not waiting, f"{waiting:g} stanzas still wait"),
            (last <= first * GROWTH_ALLOWED, f"memory grew from {first:.0f} to {last:.0f} kB"),
            (len(unanswered) <= self.comings, f"{len(unanswered)} queries had neither answer nor error"),
        )
        return [text for holds, text in checks if not holds]


class _Totals:
    """Sums of a metric over its labels."""

    def __init__(self, counts: Sequence[tuple[str, float]]) -> None:
        self._counts = counts

    def __call__(self, name: str) -> float:
        return sum(value for key, value in self._counts if key.partition("{")[0] == name)


def _fifths(samples: Sequence[int]) -> tuple[float, float]:
    """Give the middle of the second fifth of samples, and that of the last."""
    size = max(1, len(samples) // 5)
    return median(samples[size : 2 * size] or samples), median(samples[-size:])


async def _soak(options: argparse.Namespace, directory: Path, net: str) -> dict[str, Any]:
    pki = Pki.create(directory / "pki")
    domains = [f"p{number:03}.soak.example" for number in range(options.partners)]
    records = host_records(HOME, f"{net}1")
    for number, domain in enumerate(domains):
        records.update(host_records(domain, f"{net}{FIRST_PARTNER + number}"))
    nameserver = f"{net}53:{DNS_PORT}"
    limits: dict[str, Any] = {"limits": {"connection_limit": 2000, "unauthenticated_per_address": 1000}}
    runner = GatewayRunner(directory / "gateway", f"{net}1", [HOME], [nameserver], pki.ca_file, limits)
    with serve_dns(f"{net}53", records), runner:
        runner.push(pki.issue([HOME]).bundle())
        partners: list[JsonObject] = [{"domain": domain, "type": "federated", "dialback": False} for domain in domains]
        runner.client().post("/v1/partners/apply", {"partners": partners, "dry_run": False})
        async with asyncio.TaskGroup() as group:
            far = FarWorld(HOME, Resolver([nameserver], SystemClock()), pki, load_trust(str(pki.ca_file)), group)
            for number, domain in enumerate(domains):
                far.add(domain, f"{net}{FIRST_PARTNER + number}")
            far.prepare()
            for end in far.ends:
                await end.come()
            async with connect_component(HOME, SECRET, f"{net}1", COMPONENT_PORT) as component:
                result = await Soak(options.minutes, options.rate, runner, far, pki).run(component)
            for end in far.ends:
                await end.go(gracefully=False)
        return result


def _lines(result: dict[str, Any]) -> Iterator[str]:
    for key, value in result.items():
        if isinstance(value, dict):
            yield f"{key}:"
            yield from (f"  {line}" for line in _lines(value))
        elif key != "faults":
            yield f"{key:<42} {value}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak, and give 1 if anything was lost, does not add up, or grew."""
    parser = argparse.ArgumentParser(prog="bench.soak", description="Soak a gateway and count on both ends.")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (default: 30)")
    parser.add_argument("--partners", type=int, default=MOST_PARTNERS, help="how many (default and most: 200)")
    parser.add_argument("--rate", type=float, default=100.0, help="stanzas a second (default: 100)")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON document")
    options = parser.parse_args(arguments)
    if not 0 < options.partners <= MOST_PARTNERS:
        parser.error(f"--partners: 1 to {MOST_PARTNERS}")
    with tempfile.TemporaryDirectory(prefix="edgecert-soak-") as scratch, loopback_net() as net:
        try:
            result = asyncio.run(_soak(options, Path(scratch), net))
        except BenchError as error:
            print(error, file=sys.stderr)
            return 1
    print(json.dumps(result, indent=2) if options.json else "\n".join(_lines(result)))
    for fault in result["faults"]:
        print(f"fault: {fault}", file=sys.stderr)
    return 1 if result["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
