"""kill -9 at every write step of whole commands: what was in service is served, the next run finishes."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.certfacts import fingerprint_sha256
from tests.support.cli import Host
from tests.support.edge import DOMAIN, Edge
from tests.support.forks import run_forked
from tests.support.gatewayrunner import GatewayRunner
from tests.support.net import loopback_net
from tests.support.pki import Pki
from tests.support.signing import sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STEP_LIMIT = 400
OTHER = "fabrikam.example"


MEMORY = Path("/dev/shm")  # noqa: S108  # a directory is made in it, privately


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where there is one: death by a signal loses no written page, and a disk is slow."""
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    with TemporaryDirectory(prefix="edgecert-killed-", dir=MEMORY) as directory:
        yield Path(directory)


@pytest.fixture
def bare(place: Path) -> Edge:
    """A host that deploys to files only."""
    (place / "host").mkdir()
    return Edge(Host(place / "host"))


@pytest.fixture
def edge(place: Path) -> Iterator[Edge]:
    """A host that deploys to files and to a running gateway."""
    (place / "host").mkdir()
    with loopback_net() as net, GatewayRunner(place / "gateway", f"{net}1", [DOMAIN]) as gateway:
        yield Edge(Host(place / "host"), gateway)


@dataclass
class Play:
    """A command that is killed at each of its write steps, each time from the same beginning."""

    edge: Edge
    template: Path
    command: Callable[[], object]
    before: set[str] = field(default_factory=set)
    steps: int = 0

    def deaths(self) -> Iterator[int]:
        """Give the number of each step at which the command was killed; the world is as it was left then."""
        self.edge.keep(self.template)
        if self.edge.generations():
            self.before = self.edge.issued()
        for step in range(1, STEP_LIMIT):
            self.edge.put_back(self.template)
            code = run_forked(self.command, crash_at=f"*:{step}")
            if code == 0:
                self.steps = step - 1
                return
            assert code == -signal.SIGKILL, f"step {step}: exit code {code}"
            yield step
        pytest.fail("there is no end to the steps")

    def assert_unharmed(self) -> None:
        """See that everything is served and can be looked at, whatever the moment of death was."""
        edge = self.edge
        if edge.gateway is not None:
            assert edge.served() in edge.issued()
        if self.before:
            assert edge.installed()[0] in edge.issued()
            assert edge.listed()["name"] == "edge"
            shown = edge.run("show", "edge")
            assert shown.code == 0, shown.stdout
        else:
            assert edge.run("list").code == 0


def done(edge: Edge, *, generations: list[int], serving: int | None = None) -> None:
    """See that the last generation (or ``serving``) is in service everywhere and nothing is left to do."""
    assert edge.generations() == generations
    serving = serving or generations[-1]
    listed = edge.listed()
    assert listed["generation"] == serving
    assert (edge.lineage / "current").readlink().name == f"{serving:04}"
    assert [(target["wanted"], target["serving"], target["ok"]) for target in listed["deployments"]] == [
        (serving, serving, True)
    ] * (1 if edge.gateway is None else 2)
    fingerprint = fingerprint_sha256(edge.bundle(serving).leaf)
    certificate, its_key, key = edge.installed()
    assert (certificate, its_key) == (fingerprint, key)
    if edge.gateway is not None:
        assert edge.served() == fingerprint
    assert edge.open_requests() == []
    assert edge.litter() == []


def test_first_apply(bare: Edge, place: Path) -> None:
    bare.write()
    play = Play(bare, place / "template", bare.host.apply)
    for _step in play.deaths():
        play.assert_unharmed()
        keys = len(bare.requests())
        assert keys <= 1
        ran = bare.host.apply()
        assert ran.code == 0, ran.stdout
        done(bare, generations=[1])
        assert len(bare.requests()) == 1, "the key that waited is the key of the certificate"
    done(bare, generations=[1])
    assert bare.host.apply().result["certificates"][0]["action"] == "unchanged"
    assert play.steps > 60


def test_apply_of_a_changed_flags_file(edge: Edge, place: Path) -> None:
    edge.write(domains=(DOMAIN, OTHER))
    assert edge.host.apply().code == 0
    edge.write()
    play = Play(edge, place / "template", edge.host.apply)
    for _step in play.deaths():
        play.assert_unharmed()
        ran = edge.host.apply()
        assert ran.code == 0, ran.stdout
        done(edge, generations=[1, 2])
        assert len(edge.requests()) == 2
    assert play.steps > 30


@pytest.mark.parametrize("next_run", ["timer", "forced"])
def test_renew(edge: Edge, place: Path, next_run: str) -> None:
    edge.write()
    assert edge.host.apply().code == 0
    play = Play(edge, place / "template", lambda: edge.run("renew", "edge", "--force"))
    for _step in play.deaths():
        play.assert_unharmed()
        stored = edge.generations()
        ran = edge.run("renew") if next_run == "timer" else edge.run("renew", "edge", "--force")
        assert ran.code == 0, ran.stdout
        if next_run == "timer" and stored == [1]:
            assert edge.served() in play.before
            assert edge.run("renew", "edge", "--force").code == 0, "goes on with the request that is open"
            stored = [1, 2]
        elif next_run == "forced":
            stored = [*stored, stored[-1] + 1]
        done(edge, generations=stored)
        assert len(edge.requests()) == len(stored)
    assert play.steps > 30


def test_deploy_for_a_date(edge: Edge, place: Path) -> None:
    edge.write()
    assert edge.host.apply().code == 0
    assert edge.run("issue", "-c", str(edge.host.flags_file), "--force").code == 0
    when = str(edge.listed()["due_at"])
    play = Play(edge, place / "template", lambda: edge.run("deploy", "--effective-date", when))
    assert edge.gateway is not None
    first = fingerprint_sha256(edge.bundle(1).leaf)
    for _step in play.deaths():
        play.assert_unharmed()
        assert edge.run("renew").code == 0
        assert edge.served() == edge.installed()[0] == first, "nothing before its date"
        ran = edge.run("deploy", "--effective-date", when)
        assert ran.code == 0, ran.stdout
        assert edge.listed()["staged"] == {"generation": 2, "effective_at": when}
        assert edge.gateway.status()["staged"] == [{"name": "edge", "generation": 2, "effective_at": when}]
        assert edge.served() == edge.installed()[0] == first
        assert edge.litter() == []
    assert play.steps > 3


def test_rollback(edge: Edge, place: Path) -> None:
    edge.write()
    assert edge.host.apply().code == 0
    assert edge.run("renew", "edge", "--force").code == 0
    play = Play(edge, place / "template", lambda: edge.run("rollback"))
    for _step in play.deaths():
        play.assert_unharmed()
        ran = edge.run("renew") if edge.listed()["held"] else edge.run("rollback")
        assert ran.code == 0, ran.stdout
        done(edge, generations=[1, 2], serving=1)
        assert edge.listed()["held"] == {"2": "rolled back by hand"}
    assert play.steps > 10


def test_request(bare: Edge, place: Path) -> None:
    bare.write(kind="csr")
    arguments = ("request", "-c", str(bare.host.flags_file), "--request-file", str(bare.host.directory / "edge.csr"))
    play = Play(bare, place / "template", lambda: bare.run(*arguments))
    for _step in play.deaths():
        play.assert_unharmed()
        told = bare.run("list").result["requests"]
        ran = bare.run(*arguments)
        assert ran.code == (0 if told and told[0]["request_file"] else 5), "5 until a person was told"
        (request,) = bare.requests()
        assert (bare.host.directory / "edge.csr").read_bytes() == (request / "request.csr").read_bytes()
        assert bare.open_requests() == [request.name]
        assert bare.litter() == []
    assert play.steps > 10


def test_import(edge: Edge, place: Path) -> None:
    edge.write(kind="csr")
    assert edge.gateway is not None
    csr_file, answer = edge.host.directory / "edge.csr", edge.host.directory / "answer.pem"
    assert edge.run("request", "-c", str(edge.host.flags_file), "--request-file", str(csr_file)).code == 5
    pki = Pki.create(place / "pki")
    answer.write_bytes(sign(pki, csr_file))
    arguments = ("import", str(answer), "--trust", str(pki.ca_file))
    play = Play(edge, place / "template", lambda: edge.run(*arguments))
    for _step in play.deaths():
        assert edge.run("list").code == 0
        assert edge.run("show", "edge").code == 0
        ran = edge.run(*arguments)
        assert ran.code == 0 or ran.error_code == "already-imported", ran.stdout
        assert edge.open_requests() == []
        assert edge.generations() == [1]
    assert play.steps > 10
    assert edge.run("deploy").code == 0
    done(edge, generations=[1])
