"""The issuer that asks an ACME CA: account, order, proofs, certificate (RFC 8555 §7.4).

Where an order stands is kept beside the request before the next step, so that a run that was killed at any point is
gone on with: the same key, the same order.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from cryptography.hazmat.primitives.serialization import Encoding
from josepy.json_util import encode_b64jose

from edgecert.interfaces import Issued
from edgecert.issuers.acme.account import UNKNOWN
from edgecert.issuers.acme.namewatch import NameWatch
from edgecert.issuers.acme.patience import growing_pause
from edgecert.issuers.acme.problems import AcmeProblemError, malformed
from edgecert.issuers.acme.proving import Proving
from edgecert.issuers.acme.wireobjects import new_order, parse_order, read_location
from edgecert.model.carules import is_staging
from edgecert.shared.atomic import crash_point
from edgecert.shared.chain import order_chain, parse_certificates, spki_sha256, verify_chain_order
from edgecert.shared.errors import MaterialError, RefusedError
from edgecert.shared.names import to_unicode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from cryptography import x509

    from edgecert.interfaces import IssueOrder, Progress
    from edgecert.issuers.acme.account import Account
    from edgecert.issuers.acme.client import AcmeClient
    from edgecert.issuers.acme.ledger import Ledger
    from edgecert.issuers.acme.orderfile import OrderFile, OrderState
    from edgecert.issuers.acme.patience import Patience
    from edgecert.issuers.acme.proving import Rules
    from edgecert.issuers.acme.transport import Response
    from edgecert.issuers.acme.wireobjects import Authorization, Order
    from edgecert.model.dnsrecords import Answers, Question
    from edgecert.model.ratelimits import EventKind

_PEM_CHAIN: Final = "application/pem-certificate-chain"
# A certificate that was replaced already, is of another account, or is not known: the order is right without it.
_NOT_REPLACEABLE: Final = frozenset({"alreadyReplaced", "unauthorized", "malformed"})
_SETTLING: Final = 16
_DOWNLOADS: Final = 3
_DOWNLOAD_PAUSE: Final = 5


@dataclass(frozen=True, slots=True)
class AcmeIssuer:
    """Issues from an ACME CA; implements :class:`edgecert.interfaces.Issuer`."""

    client: AcmeClient
    account: Account
    rules: Rules
    order_file: Callable[[str, str], OrderFile]
    patience: Patience
    progress: Progress
    profile: str = ""
    lookup: Callable[[Iterable[Question]], Answers] | None = None
    """Asks the DNS; without it, nothing is known of CAA records."""
    ledger: Ledger | None = None

    @property
    def kind(self) -> Literal["acme"]:
        """The word for this issuer in flags files."""
        return "acme"

    def issue(self, order: IssueOrder) -> Issued:
        """Get the certificate; asked again for the same request, go on with the same order at the CA.

        Raises:
            UsageError: ``challenge-missing``, ``challenge-unfit``, ``terms-not-accepted``.
            RefusedError: the CA will not sign this; the codes say why.
            ChallengeError: what the CA looks for could not be published.
            NetworkError: the CA was not reached, failed, or took too long.
            RecordsMissingError: a person has to publish DNS records first; the order waits.
        """
        for name in order.names:
            self.rules.index_for(name)
        self._verify_profile()
        try:
            certificates = self._issue(order)
        except AcmeProblemError as problem:
            if problem.kind != UNKNOWN:
                raise
            self._verify_unpinned(order, *self.account.register_again())
            certificates = self._issue(order)
        url = self.client.directory_url
        return Issued(certificates, staging_ca=is_staging(url), directory=url)

    def _verify_unpinned(self, order: IssueOrder, old: str, new: str) -> None:
        """See that no planned domain lets only the account issue that the CA has forgotten (RFC 8657 §3)."""
        names = [name.text for name in order.names if name.kind == "dns"]
        if self.lookup is None or old == new:
            return
        from edgecert.model.caapins import caa_questions, find_pins  # noqa: PLC0415  # only where an account is lost

        pins = find_pins(self.lookup(caa_questions(names)), names, old=old, new=new)
        if not pins:
            return
        lines = [f"{pin.at}. CAA {pin.line}   (for {', '.join(map(to_unicode, pin.names))})" for pin in pins]
        message = f"CAA lets only the account {old} issue, which the CA no longer knows; it is {new} now"
        hint = "publish in its place, then run the command again:\n" + "\n".join(lines)
        raise RefusedError(message, code="caa-pins-lost-account", hint=hint)

    def _verify_profile(self) -> None:
        if not self.profile:
            return
        offered: dict[str, str] = self.client.directory["meta"].profiles or {}
        if self.profile not in offered:
            which = f"it offers {', '.join(sorted(offered))}" if offered else "it offers none"
            message = f"the CA has no profile {self.profile!r}; {which}"
            raise RefusedError(
                message, code="profile-unknown", hint="choose one of them, or leave [issuer] profile out"
            )

    def _issue(self, asked: IssueOrder) -> tuple[x509.Certificate, ...]:
        kid = self.account.url
        file = self.order_file(asked.lineage, asked.request_id)
        state = file.load()
        watch = NameWatch(self.progress, self.patience.monotonic)
        proving = Proving(self.client, self.rules, file, self.progress, state, frozenset(asked.names), watch)
        with proving.cleaning():
            order = self._known_order(kid, state) or self._place(kid, asked, proving)
            watch.ordered(asked.names)
            if order.status == "pending":
                proving.prove(kid, order.authorizations)
                look = partial(proving.look, kid, order.authorizations)
                order = self._settled(kid, order, {"pending"}, "the CA to look at the names", look)
            if order.status == "invalid":
                looked_at = self._settled_authorizations(kid, order, proving)
                self._note_failures(looked_at)
                raise proving.failure(looked_at, order.error)
            watch.proven(asked.names)
        finalizing = order.status == "ready"
        if finalizing:
            order = self._finalize(kid, order, asked.csr)
            crash_point("acme-finalized")
        order = self._settled(kid, order, {"processing"}, "the CA to sign")
        if order.status == "invalid":
            raise proving.failure((), order.error)
        if order.status != "valid" or not order.certificate:
            raise malformed(f"order: it is {order.status} when it should be valid")
        if finalizing:
            self._note("certificate", asked)
        return self._download(kid, order.certificate, asked, proving)

    def _known_order(self, kid: str, state: OrderState) -> Order | None:
        """Give the order of an earlier run if it is this account's and can still become a certificate."""
        if not state.order or (state.directory, state.account) != (self.client.directory_url, kid):
            return None
        try:
            order = self._fetch(kid, state.order)
        except AcmeProblemError as problem:
            if problem.kind == UNKNOWN:
                raise
            return None  # the CA has forgotten it: an order lives for hours or days
        if order.status == "invalid":
            return None
        self.progress.step(f"going on with the order {order.url} ({order.status})")
        return order

    def _place(self, kid: str, asked: IssueOrder, proving: Proving) -> Order:
        self.client.verify_clock()
        response = self._post_order(kid, asked)
        self._note("order", asked)
        url = read_location(response, "order")
        proving.state = replace(proving.state, directory=self.client.directory_url, account=kid, order=url)
        proving.file.save(proving.state)
        crash_point("acme-order-placed")
        self.progress.step(f"order {url} for {len(asked.names)} name{'s' if len(asked.names) > 1 else ''}")
        return parse_order(response, url)

    def _post_order(self, kid: str, asked: IssueOrder) -> Response:
        url = self.client.resource("newOrder")
        # RFC 9773 §5: only to a CA that gives renewal information, which then knows what the order is for.
        replaces = asked.replaces if self.client.has_resource("renewalInfo") else ""
        try:
            try:
                return self.client.post(url, new_order(asked.names, self.profile, replaces), kid=kid)
            except AcmeProblemError as problem:
                if not replaces or problem.kind not in _NOT_REPLACEABLE:
                    raise
                self.progress.step(f"the CA takes no replacement here ({problem.kind}); an order like any other")
                return self.client.post(url, new_order(asked.names, self.profile), kid=kid)
        except AcmeProblemError as problem:
            if problem.retry_after is not None:
                self._note("told", asked, wait=timedelta(seconds=problem.retry_after))
            raise

    def _note(self, kind: EventKind, asked: IssueOrder, *, wait: timedelta | None = None) -> None:
        """Keep what the CA counts, so that its limits are known before the next order."""
        if self.ledger is not None:
            exempt = bool(asked.replaces) and self.client.has_resource("renewalInfo")
            self.ledger.note(kind, [name.text for name in asked.names], exempt=exempt, wait=wait)

    def _note_failures(self, authorizations: Collection[Authorization]) -> None:
        if self.ledger is not None:
            for entry in authorizations:
                if entry.status == "invalid":
                    self.ledger.note("failure", [entry.identifier])

    def _finalize(self, kid: str, order: Order, csr: x509.CertificateSigningRequest) -> Order:
        payload = json.dumps({"csr": encode_b64jose(csr.public_bytes(Encoding.DER))}).encode()
        try:
            return parse_order(self.client.post(order.finalize, payload, kid=kid), order.url)
        except AcmeProblemError as problem:
            # A finalize whose answer was lost has been done: the order says so, and asking twice is an error.
            now = self._fetch(kid, order.url)
            if problem.kind == UNKNOWN or now.status not in ("processing", "valid"):
                raise
            return now

    def _download(self, kid: str, url: str, asked: IssueOrder, proving: Proving) -> tuple[x509.Certificate, ...]:
        """Give the certificates at ``url``; what is no chain for our key is asked for again before it is told.

        An order that has led to another key's certificate is forgotten: the next run places a new one.

        Raises:
            MaterialError: as :func:`parse_certificates` and :func:`order_chain` give it.
        """
        spki = spki_sha256(asked.csr.public_key())
        for number in range(_DOWNLOADS):
            body = self.client.post(url, b"", kid=kid, accept=_PEM_CHAIN).body
            try:
                certificates = parse_certificates(body)
                verify_chain_order(order_chain(spki, certificates).certificates)
            except MaterialError as error:
                if number + 1 < _DOWNLOADS:
                    self.patience.wait(growing_pause(_DOWNLOAD_PAUSE + number), "the CA to send the certificate")
                    continue
                if error.code == "key-mismatch":
                    proving.file.save(replace(proving.state, order=""))
                error.message = f"what the CA sent as the certificate cannot be used: {error.message}"
                error.hint = "the fault is the CA's: tell it, and run the command again"
                raise
            return certificates
        raise AssertionError  # the last round returns or raises

    def _fetch(self, kid: str, url: str) -> Order:
        return parse_order(self.client.post(url, b"", kid=kid), url)

    def _settled(
        self, kid: str, order: Order, waiting: Collection[str], what: str, look: Callable[[], None] | None = None
    ) -> Order:
        """Ask for the order until it is in none of the states ``waiting``, as often as the CA says; ``look`` each."""
        number, pause = 0, 0.0
        while order.status in waiting:
            if number:
                self.patience.wait(pause, what)
                if look is not None:
                    look()
            response = self.client.post(order.url, b"", kid=kid)
            order = parse_order(response, order.url)
            told = self.patience.retry_after(response.headers.get("retry-after", ""))
            pause = told if told is not None else growing_pause(number)
            number += 1
        return order

    def _settled_authorizations(self, kid: str, order: Order, proving: Proving) -> list[Authorization]:
        """Give the authorizations of a failed order, those still looked at waited for a little: all reasons at once."""
        found = proving.fetch(kid, order.authorizations)
        for number in range(_SETTLING):
            unsettled = [entry for entry in found if entry.status == "pending" and entry.answered]
            if not unsettled:
                break
            self.patience.wait(growing_pause(number), "the CA to look at the other names")
            fresh = {entry.url: entry for entry in proving.fetch(kid, [entry.url for entry in unsettled])}
            found = [fresh.get(entry.url, entry) for entry in found]
        return found
