"""The servers of ``bench.s2s``, each alone on the machine while it is measured: our gateway, Prosody, ejabberd."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench.s2s_driver import Subject
from tests.support.dns import host_records, serve_dns
from tests.support.gatewayrunner import SECRET, GatewayRunner
from tests.support.net import free_port
from tests.support.peers.ejabberd import COMPONENT_SECRET as EJABBERD_SECRET
from tests.support.peers.ejabberd import run_ejabberd
from tests.support.peers.prosody import COMPONENT_SECRET as PROSODY_SECRET
from tests.support.peers.prosody import run_prosody
from tests.support.pki import Pki
from tests.support.processes import Program, script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

PARTNER: Final = "partner.example"
DOMAINS: Final = {"gateway": "gateway.example", "prosody": "prosody.example", "ejabberd": "ejabberd.example"}
PROGRAMS: Final = {"gateway": "python3", "prosody": "prosody", "ejabberd": "erl"}
ROOM: Final = 20_000
"""Streams that a server must be able to hold."""


@dataclass(frozen=True)
class Running:
    """A server that runs: what the driver needs of it, and its first process."""

    subject: Subject
    process: int


@dataclass(frozen=True)
class Subjects:
    """What all of them share: the partner's certificate, its DNS, a directory."""

    directory: Path
    net: str
    environ: Mapping[str, str]
    event_loop: str
    """What the gateway waits with, as ``[gateway] event_loop`` has it."""

    @property
    def nameserver(self) -> str:
        """Where the DNS answers."""
        return f"{self.net}53"

    @property
    def partner_address(self) -> str:
        """Where the partner listens."""
        return f"{self.net}9"

    @contextmanager
    def ready(self) -> Iterator[Pki]:
        """Answer for the partner while the context lasts."""
        with serve_dns(self.nameserver, host_records(PARTNER, self.partner_address), port=53):
            yield Pki.create(self.directory / "pki")

    @contextmanager
    def run(self, name: str, pki: Pki, number: int) -> Iterator[Running]:
        """Run the server ``name`` while the context lasts; ``number`` tells this run from others."""
        runs: dict[str, Callable[[Pki, Path, str], AbstractContextManager[tuple[int, str]]]] = {
            "gateway": self._gateway,
            "prosody": self._prosody,
            "ejabberd": self._ejabberd,
        }
        address = f"{self.net}{1 + list(DOMAINS).index(name)}"
        place = self.directory / f"{name}-{number}"
        # ejabberd 23.01 wants a partner's certificate to be one of a client too; the others do not look.
        partner = pki.issue([PARTNER], eku=("server", "client"))
        certificate, key = partner.write(self.directory / "partner", f"{name}-{number}")
        with runs[name](pki, place, address) as (process, secret):
            subject = Subject(name, address, DOMAINS[name], secret, PARTNER, self.partner_address, certificate, key)
            yield Running(subject, process)

    @contextmanager
    def _gateway(self, pki: Pki, place: Path, address: str) -> Iterator[tuple[int, str]]:
        limits = {
            "connection_limit": ROOM,
            "partner_connection_limit": ROOM,
            "unauthenticated_per_address": ROOM,
        }
        runner = GatewayRunner(
            place,
            address,
            [DOMAINS["gateway"]],
            nameservers=[self.nameserver],
            ca_file=pki.ca_file,
            tables={"limits": limits, "gateway": {"event_loop": self.event_loop}},
            environ=self.environ,
        )
        # As an administrator starts it: the runner of the tests has it log more.
        argv = [script("edgecert-gateway"), "serve", "--config", str(runner.config)]
        runner.program = Program(argv, place / "gateway.log", self.environ)
        with runner:
            runner.push(pki.issue([DOMAINS["gateway"]]).bundle())
            added = runner.run("partner", "add", PARTNER, "--type", "public-verified")
            assert added.code == 0, added.stderr
            yield runner.program.pid, SECRET

    @contextmanager
    def _prosody(self, pki: Pki, place: Path, address: str) -> Iterator[tuple[int, str]]:
        domain = DOMAINS["prosody"]
        issued = pki.issue([domain], eku=("server", "client"))
        with run_prosody(place, address, domain, issued, ca_file=pki.ca_file, nameserver=self.nameserver) as prosody:
            assert prosody.process.process is not None
            yield prosody.process.process.pid, PROSODY_SECRET

    @contextmanager
    def _ejabberd(self, pki: Pki, place: Path, address: str) -> Iterator[tuple[int, str]]:
        domain = DOMAINS["ejabberd"]
        issued = pki.issue([domain], eku=("server", "client"))
        hosts = {f"xmpp.{PARTNER}": self.partner_address}
        port = free_port()
        with run_ejabberd(
            place, address, domain, issued, ca_file=pki.ca_file, port=port, nameserver=self.nameserver, hosts=hosts
        ) as ejabberd:
            assert ejabberd.process.process is not None
            yield ejabberd.process.process.pid, EJABBERD_SECRET


def installed() -> tuple[list[str], list[str]]:
    """Give the servers that are installed, and those that are not."""
    there = [name for name, program in PROGRAMS.items() if shutil.which(program)]
    return there, [name for name in PROGRAMS if name not in there]
