"""Ctrl-C, SIGTERM, kill -9 and failure in the middle of a challenge, for each type: nothing stays published."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from edgecert.issuers.acme.orderfile import OrderFile
from tests.support.acmefiles import FilesLooking
from tests.support.acmehost import AcmeHost, acme_host
from tests.support.acmelooking import Looking, NetworkLooking
from tests.support.gatewayrunner import GatewayRunner
from tests.support.knot import knot
from tests.support.pebble import is_open
from tests.support.processes import Program, script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path


@dataclass
class Pausing:
    """A CA that has begun to look and does not answer before it may: the run waits for it then."""

    looking: Looking
    asked: threading.Event = field(default_factory=threading.Event)
    may: threading.Event = field(default_factory=threading.Event)

    def look(self, kind: str, identifier: str, token: str, key_authorization: str) -> bool:
        """Implement :class:`tests.support.acmelooking.Looking`."""
        self.asked.set()
        return self.may.wait(60) and self.looking.look(kind, identifier, token, key_authorization)


@dataclass
class Place:
    """A host in the middle of a challenge."""

    host: AcmeHost
    looking: Pausing
    published: Callable[[], bool]
    survives: bool
    """Whether what was published outlives the process."""

    def begin(self) -> Program:
        """Start an issuance and give it when the CA looks."""
        flags = ("-c", str(self.host.flags_file), "--state-dir", str(self.host.state))
        program = Program((script("edgecert"), "issue", *flags), self.host.directory / "edgecert.log").start()
        program.wait_until(self.looking.asked.is_set, what="the CA to look")
        assert self.published()
        return program

    def remembered(self) -> int:
        """How many challenges the next run would take away."""
        return sum(len(OrderFile(path).load().presented) for path in self.host.state.glob("requests/edge/*"))

    def is_clean(self) -> bool:
        return not self.published() and not self.remembered()


@contextmanager
def own_listener(host: AcmeHost, kind: str, port: int) -> Iterator[Place]:
    host.write_flags(challenges=f'[[issuer.challenges]]\ntype = "{kind}"\nlisten = "{host.net}2:{port}"\n')
    host.server.offered = (kind,)
    yield Place(host, Pausing(host.server.looking), lambda: is_open(f"{host.net}2", port), survives=False)


@contextmanager
def files(host: AcmeHost, kind: str) -> Iterator[Place]:
    looking = FilesLooking(host.directory / "edge")
    host.server.offered = (kind,)
    ways = {
        "http-01": f'webroot = "{looking.webroot}"',
        "dns-01": f'provider = "command"\ncommand = ["{looking.hook}"]',
    }
    host.write_flags(challenges=f'[[issuer.challenges]]\ntype = "{kind}"\n{ways[kind]}\n')
    yield Place(host, Pausing(looking), lambda: bool(looking.published), survives=True)


@contextmanager
def by_update(host: AcmeHost) -> Iterator[Place]:
    with knot(host.directory / "knot", "contoso.com") as nameservers:
        host.server.offered = ("dns-01",)
        host.write_flags(
            challenges='[[issuer.challenges]]\ntype = "dns-01"\nprovider = "rfc2136"\n'
            f'server = "{nameservers.primary}"\nnameservers = ["{nameservers.primary}"]\n'
            f'tsig_secret_file = "{nameservers.key_file}"\n'
        )
        looking = NetworkLooking(f"{host.net}2", nameserver=(nameservers.secondary, 53))

        def published() -> bool:
            return bool(nameservers.held(nameservers.primary, "_acme-challenge.sip.contoso.com", "TXT"))

        yield Place(host, Pausing(looking), published, survives=True)


@contextmanager
def gateway(host: AcmeHost) -> Iterator[Place]:
    address = f"{host.net}2"
    tables = {"listen": {"s2s": [f"{address}:5269"], "http01": host.listen}}
    with GatewayRunner(host.directory / "gateway", address, ["contoso.com"], tables=tables) as runner:
        entry = f'[[issuer.challenges]]\ntype = "http-01"\ngateway = true\ncontrol = "{runner.control}"\n'
        host.write_flags(challenges=entry)

        def published() -> bool:
            return runner.client().post("/v1/http01/forget", {"tokens": []}) != {"known": 0}

        yield Place(host, Pausing(host.server.looking), published, survives=True)


WAYS: Mapping[str, Callable[[AcmeHost], AbstractContextManager[Place]]] = {
    "http-01 by edgecert": lambda host: own_listener(host, "http-01", 5002),
    "http-01 in a webroot": lambda host: files(host, "http-01"),
    "http-01 by the gateway": gateway,
    "tls-alpn-01": lambda host: own_listener(host, "tls-alpn-01", 5001),
    "dns-01 by a command": lambda host: files(host, "dns-01"),
    "dns-01 by update": by_update,
}


@pytest.fixture(
    params=[
        pytest.param(way, marks=pytest.mark.peer("knot") if make is by_update else ()) for way, make in WAYS.items()
    ]
)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with acme_host(tmp_path) as host, WAYS[request.param](host) as made:
        host.server.looking = made.looking
        yield made
        made.looking.may.set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_run_that_is_stopped_takes_away_what_it_published(place: Place, number: signal.Signals) -> None:
    program = place.begin()
    program.send(number)
    assert program.wait() == 130
    assert "interrupted" in program.output
    assert place.is_clean()


def test_what_a_killed_run_left_is_taken_away_by_the_next(place: Place) -> None:
    place.begin().kill()
    assert place.published() == place.survives
    assert place.remembered() == 1
    place.looking.may.set()
    assert place.host.issue()["action"] == "issued"
    assert place.is_clean()
    if place.survives:  # else the CA found nobody there, and that order is void
        assert place.host.server.count("/newOrder") == 1


def test_a_run_that_fails_takes_away_what_it_published(place: Place) -> None:
    place.looking.may.set()
    place.host.server.dead = frozenset({"sip.contoso.com"})
    assert place.host.edgecert("issue").code == 6
    assert place.looking.asked.is_set()
    assert place.is_clean()
