"""Issuances from the in-memory ACME server into a real store: each run is what a new process would do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from edgecert.issuers.acme.assembly import Acme
from edgecert.issuers.acme.orderfile import OrderFile
from edgecert.lifecycle.demand import Demand
from edgecert.lifecycle.issue import Issuance, Outcome
from edgecert.model.keys import generate_key
from edgecert.model.request import (
    CertificateOptions,
    CertificateRequest,
    ChallengeOptions,
    IssuerOptions,
    Topology,
)
from edgecert.model.sanplan import plan_sans
from edgecert.shared.atomic import is_leftover
from edgecert.shared.errors import EdgecertError
from edgecert.store.filesystem import FilesystemStore
from tests.support.acmeserver import AcmeServer, MemorySolver
from tests.support.clock import FakeClock
from tests.support.world import Watcher

if TYPE_CHECKING:
    from pathlib import Path

    from edgecert.model.keys import PrivateKey
    from edgecert.shared.keywrap import KeyWrapper

CHALLENGES = (
    ChallengeOptions(names=("*.contoso.com",), type="dns-01", provider="command", command=("hook",)),
    ChallengeOptions(type="http-01", listen="127.0.0.1:80"),
)


def _no_wrapper() -> KeyWrapper:
    raise AssertionError  # these keys are exportable


class Keys:
    """Makes keys."""

    def generate(self, algorithm: str, bits: int) -> PrivateKey:
        """Make one."""
        return generate_key(algorithm, bits)


@dataclass
class Runs:
    """A host below ``directory``."""

    directory: Path
    names: tuple[str, ...] = ()
    clock: FakeClock = field(default_factory=FakeClock)
    solver: MemorySolver = field(default_factory=MemorySolver)
    watcher: Watcher = field(default_factory=Watcher)
    waited: float = 0.0

    def __post_init__(self) -> None:
        """Make the CA."""
        self.server = AcmeServer(self.directory, self.solver, clock=self.clock.now)

    @property
    def request(self) -> CertificateRequest:
        """What is asked for."""
        return CertificateRequest(
            certificate=CertificateOptions(name="edge", key_algorithm="ecdsa", bit_length=256),
            topology=Topology(access_edge="sip.contoso.com", additional_names=self.names),
            issuer=IssuerOptions(
                kind="acme", directory=self.server.url, accept_terms=True, challenges=CHALLENGES, validity="90d"
            ),
        )

    @property
    def state(self) -> Path:
        """The state directory."""
        return self.directory / "state"

    def store(self) -> FilesystemStore:
        """Open the store as a new process would."""
        return FilesystemStore(
            self.state, clock=self.clock, wrapper_factory=_no_wrapper, command=("edgecert",), environ={}
        )

    def pause(self, seconds: float) -> None:
        """Move the clock on."""
        self.waited += seconds
        self.clock.advance(timedelta(seconds=seconds))

    def issue(self) -> Outcome:
        """Do one run.

        Raises:
            EdgecertError: as the run ends with.
        """
        request = self.request
        acme = Acme(
            request.issuer,
            self.state,
            self.clock,
            self.pause,
            self.watcher,
            lambda _entry: self.solver,
            connect=lambda _ca_file: self.server,
        )
        store = self.store()
        issuance = Issuance(store, acme, Keys(), self.clock, self.watcher)
        with store.lock("edge", 1.0):
            return issuance.issue(Demand(request, plan_sans(request).certificates[0]))

    def try_issue(self) -> EdgecertError | None:
        """Do one run, and give the error that it ended with."""
        try:
            self.issue()
        except EdgecertError as error:
            return error
        return None

    def orders(self) -> list[str]:
        """Give the order that each request knows of."""
        found = (OrderFile(path).load().order for path in sorted((self.state / "requests" / "edge").iterdir()))
        return [order for order in found if order]

    def leftovers(self) -> list[str]:
        """Give what should not be there after a run: published challenges, and files in the making."""
        files = [path.name for path in self.state.rglob("*") if is_leftover(path.name)]
        states = [OrderFile(path).load() for path in (self.state / "requests" / "edge").iterdir()]
        remembered = [entry.name for state in states for entry in state.presented]
        return [*files, *remembered, *(entry.name for entry in self.solver.published)]
