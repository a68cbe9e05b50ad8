"""The parts of ACME put together for one issuer entry of a flags file."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from josepy.jwk import JWKEC

from edgecert.issuers.acme.account import Account, AccountOptions
from edgecert.issuers.acme.accountfiles import AccountFiles
from edgecert.issuers.acme.client import AcmeClient
from edgecert.issuers.acme.issuer import PATIENCE, AcmeIssuer
from edgecert.issuers.acme.orderfile import OrderFile
from edgecert.issuers.acme.patience import Patience
from edgecert.issuers.acme.proving import Rules
from edgecert.issuers.acme.transport import HttpsTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edgecert.interfaces import ChallengeSolver, Issued, IssueOrder, Progress
    from edgecert.model.request import ChallengeOptions, IssuerOptions
    from edgecert.shared.clock import Clock


@dataclass
class Acme:
    """Account and issuer for ``options``; everything lies below ``state_dir``.

    Implements :class:`edgecert.interfaces.Issuer`: each certificate has its own connections and its own patience.
    """

    options: IssuerOptions
    state_dir: Path
    clock: Clock
    pause: Callable[[float], None]
    progress: Progress
    solver_for: Callable[[ChallengeOptions], ChallengeSolver]

    @property
    def kind(self) -> Literal["acme"]:
        """The word for this issuer in flags files."""
        return "acme"

    def issue(self, order: IssueOrder) -> Issued:
        """Get one certificate; see :meth:`AcmeIssuer.issue` for what is raised."""
        options = self.options
        rules = Rules(options.challenges, tuple(self.solver_for(entry) for entry in options.challenges))
        with self._session() as (client, patience, account):
            issuer = AcmeIssuer(client, account, rules, self._order_file, patience, self.progress, options.profile)
            return issuer.issue(order)

    @contextmanager
    def account(self) -> Iterator[Account]:
        """Give the account, its connections open inside the context."""
        with self._session() as (_client, _patience, account):
            yield account

    @contextmanager
    def _session(self) -> Iterator[tuple[AcmeClient, Patience, Account]]:
        options = self.options
        files = AccountFiles(self.state_dir / "accounts", options.directory, options.account)
        transport = HttpsTransport(Path(options.directory_ca_file) if options.directory_ca_file else None)
        patience = Patience(self.clock, self.pause, PATIENCE)
        client = AcmeClient(options.directory, transport, JWKEC(key=files.key()), patience)
        eab = Path(options.eab_hmac_key_file) if options.eab_hmac_key_file else None
        terms = AccountOptions(options.email, options.accept_terms, options.eab_kid, eab)
        try:
            yield client, patience, Account(client, files, terms, self.progress)
        finally:
            transport.close()

    def _order_file(self, lineage: str, request_id: str) -> OrderFile:
        return OrderFile(self.state_dir / "requests" / lineage / request_id)
