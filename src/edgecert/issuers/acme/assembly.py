"""The parts of ACME put together for one issuer entry of a flags file.

What an issuance needs first is the network; so the libraries, and most of our own modules, are loaded while the first
round trips are on their way.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edgecert.interfaces import Waiting
from edgecert.issuers.acme.accountfiles import AccountFiles
from edgecert.issuers.acme.ahead import AheadTransport
from edgecert.issuers.acme.patience import PATIENCE, Patience
from edgecert.issuers.acme.transport import HttpsTransport
from edgecert.shared.errors import RecordsMissingError
from edgecert.shared.jsonfields import JsonProblem, read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cryptography import x509

    from edgecert.interfaces import CaFacts, ChallengeSolver, Issued, IssueOrder, Progress, RevokedBy
    from edgecert.issuers.acme.account import Account
    from edgecert.issuers.acme.client import AcmeClient
    from edgecert.issuers.acme.ledger import Ledger
    from edgecert.issuers.acme.orderfile import OrderFile
    from edgecert.issuers.acme.transport import Transport
    from edgecert.model.dnsrecords import Answers, Question
    from edgecert.model.keys import PrivateKey
    from edgecert.model.renewalinfo import RenewalInfo
    from edgecert.model.request import ChallengeOptions, IssuerOptions
    from edgecert.shared.clock import Clock
    from edgecert.shared.jsonvalue import JsonObject
    from edgecert.shared.secret import Secret


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
    connect: Callable[[Path | None], Transport] = HttpsTransport
    """Makes what carries requests, given the file of CAs to trust."""
    lookup: Callable[[Iterable[Question]], Answers] | None = None
    """Asks the DNS for what CAA says of a lost account."""
    _ahead: AheadTransport | None = field(default=None, init=False)

    @property
    def kind(self) -> Literal["acme"]:
        """The word for this issuer in flags files."""
        return "acme"

    def prepare(self) -> None:
        """Begin with the directory and a nonce; implements :class:`edgecert.interfaces.Preparing`."""
        self._ahead = self._ahead or self._transport()
        self._ahead.start()

    def issue(self, order: IssueOrder) -> Issued | Waiting:
        """Get one certificate, or say which records a person has to publish; raises as :meth:`AcmeIssuer.issue`."""
        self.prepare()
        from edgecert.issuers.acme.issuer import AcmeIssuer  # noqa: PLC0415  # while the first answers are on their way
        from edgecert.issuers.acme.proving import Rules  # noqa: PLC0415  # the same

        options = self.options
        rules = Rules(options.challenges, tuple(self.solver_for(entry) for entry in options.challenges))
        with self._session() as (client, patience, account):
            ledger = self._ledger(self._files())
            issuer = AcmeIssuer(
                client,
                account,
                rules,
                self._order_file,
                patience,
                self.progress,
                options.profile,
                self.lookup,
                ledger,
            )
            try:
                return issuer.issue(order)
            except RecordsMissingError as error:
                file = self._order_file(order.lineage, order.request_id).save_records(error.records)
                return Waiting(f"{error.message}\n({error.hint})", str(file), error.records)

    def facts(self, *, ask: bool) -> CaFacts:
        """Tell what is known of CA and account; implements :class:`edgecert.interfaces.CaKnowledge`.

        Nothing is made for it, neither a key nor an account. What was begun by :meth:`prepare` is used and kept.
        """
        from edgecert.interfaces import CaFacts  # noqa: PLC0415  # only where an order is meant to be placed

        files = self._files()
        record = files.load()
        meta = self._meta() if ask else {}
        identities, profiles = meta.get("caaIdentities"), meta.get("profiles")
        return CaFacts(
            caa_identities=tuple(map(str, identities)) if isinstance(identities, list) else (),
            profiles={str(key): str(text) for key, text in profiles.items()} if isinstance(profiles, dict) else None,
            account_url=record.url if record else "",
            new_account=record is None and not files.has_key(),
            events=self._ledger(files).events(),
        )

    def _meta(self) -> JsonObject:
        """Give the directory's meta object (RFC 8555 §7.1.1), empty where it has none."""
        if self._ahead is not None:
            answer = self._ahead.peek("GET", self.options.directory)
        else:
            transport = self._transport()
            try:
                answer = transport.send("GET", self.options.directory, {})
            finally:
                transport.close()
        try:
            document = read_json(answer.body) if answer else None
        except JsonProblem:
            return {}  # whoever speaks to the CA next tells what is wrong with it
        meta = document.get("meta") if isinstance(document, dict) else None
        return meta if isinstance(meta, dict) else {}

    def account_url(self) -> str:
        """Give the account's URL at the CA; nothing as long as it has none. Nobody is asked."""
        record = self._files().load()
        return record.url if record is not None else ""

    def has_order(self, lineage: str, request_id: str) -> bool:
        """Whether an earlier run placed an order for this request."""
        return bool(self._order_file(lineage, request_id).load().order)

    def _files(self) -> AccountFiles:
        return AccountFiles(self.state_dir / "accounts", self.options.directory, self.options.account)

    def _ledger(self, files: AccountFiles) -> Ledger:
        from edgecert.issuers.acme.ledger import Ledger  # noqa: PLC0415  # only where an order is placed

        return Ledger(files.path, self.clock)

    def renewal_info(self, certificate_id: str) -> RenewalInfo | None:
        """Ask when a certificate is to be renewed; implements :class:`edgecert.interfaces.Informing`."""
        from edgecert.issuers.acme.renewalinfo import fetch_renewal_info  # noqa: PLC0415  # where the CA is spoken to

        patience = Patience(self.clock, self.pause, PATIENCE, self.progress)
        ca_file = Path(self.options.directory_ca_file) if self.options.directory_ca_file else None
        transport = self.connect(ca_file)
        try:
            return fetch_renewal_info(
                transport, self.options.directory, certificate_id, retry_after=patience.retry_after
            )
        finally:
            transport.close()

    def revoke(self, certificate: x509.Certificate, key: Secret, reason: int) -> RevokedBy:
        """Have a certificate revoked; implements :class:`edgecert.interfaces.Revoker`. Opens no account for it."""
        from edgecert.issuers.acme.accountkey import jwk_of  # noqa: PLC0415  # where the CA is spoken to
        from edgecert.issuers.acme.client import AcmeClient  # noqa: PLC0415  # the same
        from edgecert.issuers.acme.revoking import revoke  # noqa: PLC0415  # the same
        from edgecert.model.keys import load_key  # noqa: PLC0415  # the same

        def by_key() -> AcmeClient:
            patience = Patience(self.clock, self.pause, PATIENCE, self.progress)
            return AcmeClient(self.options.directory, transport, jwk_of(load_key(key)), patience)

        transport = self._transport()
        try:
            if self._files().load() is None:
                return revoke(certificate, reason, account=None, by_key=by_key, progress=self.progress)
            with self._session() as (client, _patience, account):
                known = (client, account.url)
                return revoke(certificate, reason, account=known, by_key=by_key, progress=self.progress)
        finally:
            transport.close()

    @contextmanager
    def account(self) -> Iterator[Account]:
        """Give the account, its connections open inside the context."""
        with self._session() as (_client, _patience, account):
            yield account

    def terms(self) -> tuple[str, bool]:
        """Ask the directory where its terms of service are, and whether it wants an external account binding.

        Raises:
            NetworkError: the CA was not reached.
            RefusedError: what answers is no ACME directory.
        """
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415  # only where the CA is spoken to
        from josepy.jwk import JWKEC  # noqa: PLC0415  # the same

        from edgecert.issuers.acme.client import AcmeClient  # noqa: PLC0415  # the same

        options = self.options
        transport = self._transport()
        # Reading the directory signs nothing, so no account's key is made for it.
        key = JWKEC(key=ec.generate_private_key(ec.SECP256R1()))
        try:
            client = AcmeClient(options.directory, transport, key, Patience(self.clock, self.pause, PATIENCE))
            meta = client.directory["meta"]
            return str(meta.terms_of_service or ""), bool(meta.external_account_required)
        finally:
            transport.close()

    @contextmanager
    def _session(self) -> Iterator[tuple[AcmeClient, Patience, Account]]:
        from edgecert.issuers.acme.account import Account, AccountOptions, settle  # noqa: PLC0415  # only here
        from edgecert.issuers.acme.accountkey import jwk_of  # noqa: PLC0415  # only where the CA is spoken to
        from edgecert.issuers.acme.client import AcmeClient  # noqa: PLC0415  # the same
        from edgecert.issuers.acme.clockwatch import ClockWatch  # noqa: PLC0415  # the same

        options = self.options
        transport, self._ahead = self._ahead or self._transport(), None
        try:
            files = self._files()
            patience = Patience(self.clock, self.pause, PATIENCE, self.progress)
            watch = ClockWatch(self.clock, self.progress)

            def client_of(key: PrivateKey) -> AcmeClient:
                return AcmeClient(options.directory, transport, jwk_of(key), patience, watch)

            settle(files, client_of)
            client = client_of(files.key())
            eab = Path(options.eab_hmac_key_file) if options.eab_hmac_key_file else None
            terms = AccountOptions(options.email, options.accept_terms, options.eab_kid, eab)
            try:
                yield client, patience, Account(client, files, terms, self.progress, client_of)
            finally:
                watch.tell()
        finally:
            transport.close()

    def _transport(self) -> AheadTransport:
        ca_file = Path(self.options.directory_ca_file) if self.options.directory_ca_file else None
        return AheadTransport(self.connect(ca_file), self.options.directory)

    def _order_file(self, lineage: str, request_id: str) -> OrderFile:
        from edgecert.issuers.acme.orderfile import OrderFile  # noqa: PLC0415  # only where an order is placed

        return OrderFile(self.state_dir / "requests" / lineage / request_id)
