"""An ACME issuer put together from parts of a test's own: its server, its solver, its clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from edgecert.interfaces import IssueOrder
from edgecert.issuers.acme.account import Account, AccountOptions
from edgecert.issuers.acme.accountfiles import AccountFiles
from edgecert.issuers.acme.accountkey import jwk_of
from edgecert.issuers.acme.client import AcmeClient
from edgecert.issuers.acme.clockwatch import ClockWatch
from edgecert.issuers.acme.issuer import AcmeIssuer
from edgecert.issuers.acme.ledger import Ledger
from edgecert.issuers.acme.orderfile import OrderFile
from edgecert.issuers.acme.patience import Patience
from edgecert.issuers.acme.proving import Rules
from edgecert.model.csr import build_csr
from edgecert.model.dnsrecords import Answer, Question
from edgecert.model.keys import generate_key
from edgecert.model.request import ChallengeOptions, Subject
from edgecert.model.sanplan import PlannedCertificate, PlannedName
from edgecert.shared.names import parse_name
from tests.support.acmeserver import AcmeServer, MemorySolver
from tests.support.clock import FakeClock
from tests.support.world import Watcher

if TYPE_CHECKING:
    from pathlib import Path

    from edgecert.model.keys import PrivateKey

TERMS = AccountOptions(accept_terms=True)
WITH_DNS = (
    ChallengeOptions(names=("*.contoso.com",), type="dns-01", provider="command", command=("hook",)),
    ChallengeOptions(type="http-01", listen="127.0.0.1:80"),
)


def an_order(*names: str) -> IssueOrder:
    """Give an order for ``names``."""
    parsed = tuple(parse_name(name) for name in names)
    planned = PlannedCertificate("edge", None, tuple(PlannedName(name, ()) for name in parsed))
    csr = build_csr(generate_key("ecdsa", 256), planned, subject=Subject(), names_only=True)
    return IssueOrder("edge", "request-1", csr, parsed, timedelta(days=90))


@dataclass
class Parts:
    """Everything that stands around an issuer."""

    directory: Path
    options: tuple[ChallengeOptions, ...] = WITH_DNS
    terms: AccountOptions = TERMS
    profile: str = ""
    seconds: float = 300.0
    clock: FakeClock = field(default_factory=FakeClock)
    watcher: Watcher = field(default_factory=Watcher)
    solver: MemorySolver = field(default_factory=MemorySolver)
    dns: dict[Question, Answer] = field(default_factory=dict)
    pauses: list[float] = field(default_factory=list)

    @cached_property
    def server(self) -> AcmeServer:
        """The CA."""
        return AcmeServer(self.directory, self.solver, clock=self.clock.now)

    @cached_property
    def files(self) -> AccountFiles:
        """The account's directory."""
        return AccountFiles(self.directory / "accounts", self.server.url, "default")

    @property
    def ledger(self) -> Ledger:
        """What was ordered, as it is kept beside the account."""
        return Ledger(self.files.path, self.clock)

    @property
    def order_file(self) -> OrderFile:
        """Where the order's state is kept."""
        place = self.directory / "request-1"
        place.mkdir(exist_ok=True)
        return OrderFile(place)

    def pause(self, seconds: float) -> None:
        """Move the clock on."""
        self.pauses.append(seconds)
        self.clock.advance(timedelta(seconds=seconds))

    def patience(self) -> Patience:
        """Give a fresh budget."""
        return Patience(self.clock, self.pause, self.seconds)

    def client(self, patience: Patience | None = None) -> AcmeClient:
        """Give a client of the server."""
        watch = ClockWatch(self.clock, self.watcher)
        return AcmeClient(self.server.url, self.server, jwk_of(self.files.key()), patience or self.patience(), watch)

    def account(self, client: AcmeClient | None = None) -> Account:
        """Give the account."""
        return Account(client or self.client(), self.files, self.terms, self.watcher, self.client_of)

    def client_of(self, key: PrivateKey) -> AcmeClient:
        """Give a client with another key."""
        return AcmeClient(self.server.url, self.server, jwk_of(key), self.patience())

    def issuer(self) -> AcmeIssuer:
        """Give an issuer as a new run would have it."""
        patience = self.patience()
        client = self.client(patience)
        rules = Rules(self.options, tuple(self.solver for _ in self.options))
        return AcmeIssuer(
            client,
            self.account(client),
            rules,
            lambda *_: self.order_file,
            patience,
            self.watcher,
            self.profile,
            lambda questions: {question: self.dns.get(question, Answer()) for question in questions},
            self.ledger,
        )
