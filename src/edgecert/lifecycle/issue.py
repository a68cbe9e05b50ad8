"""From a planned certificate to a stored generation.

The order of writes is what makes a kill at any point harmless: the key and the CSR are stored before anything is asked
of a CA, and a request stays open until its generation is stored. The next run finds the open request with the same
digest and goes on with it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from edgecert.interfaces import Issued, IssueOrder, OpenRequest, Preparing, Waiting
from edgecert.lifecycle.blocking import verify_not_blocked
from edgecert.lifecycle.precheck import Intent, obey
from edgecert.model.answer import compare_names
from edgecert.model.csr import build_csr
from edgecert.model.findings import Severity
from edgecert.model.issuedcheck import Asked, compare_issued
from edgecert.model.keys import describe_key, key_to_pem, load_key
from edgecert.model.renewalinfo import certificate_id
from edgecert.shared.bundle import make_bundle
from edgecert.shared.chain import order_chain, spki_sha256, verify_chain_order
from edgecert.shared.clock import format_time
from edgecert.shared.duration import parse_duration
from edgecert.shared.names import from_certificate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgecert.interfaces import CertificateStore, Issuer, KeySource, Progress
    from edgecert.lifecycle.demand import Demand
    from edgecert.lifecycle.precheck import Prechecking
    from edgecert.model.findings import Finding
    from edgecert.model.keys import PrivateKey
    from edgecert.shared.bundle import Bundle
    from edgecert.shared.clock import Clock

Action = Literal["issued", "unchanged", "waiting", "imported"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one demand."""

    name: str
    action: Action
    bundle: Bundle | None = None
    request: OpenRequest | None = None
    newly_waiting: bool = False
    message: str = ""
    records: tuple[str, ...] = ()
    """DNS records that a person has to publish, as lines of a zone file."""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Issuance:
    """The use case: one demand at a time, the lineage's lock held by the caller."""

    store: CertificateStore
    issuer: Issuer
    keys: KeySource
    clock: Clock
    progress: Progress
    prechecks: Prechecking | None = None

    def precheck(self, demand: Demand, *, force: bool = False, exempt: bool = False) -> None:
        """Look at all that an ACME CA would refuse; what :meth:`issue` does too, for a run that spends nothing.

        ``exempt``: the CA is told which certificate this one replaces, so that no limit counts it (RFC 9773 §5).
        ``force``: what may be doubted is a warning only.

        Raises:
            RefusedError: the CA would refuse.
            NetworkError: the same for the DNS, or the CA was not reached.
        """
        if self.prechecks is None:
            return
        request = self._find_open(demand)
        number = self.store.current(demand.name)
        names = tuple(entry.name for entry in demand.planned.names)
        known = from_certificate(self.store.load_bundle(demand.name, number).leaf) if number is not None else ()
        intent = Intent(
            demand.request,
            names,
            exempt=exempt,
            same_names=set(known) == set(names),
            going_on=request is not None and self.prechecks.ca.has_order(demand.name, request.id),
            force=force,
        )
        obey(self.prechecks.findings(intent), self.progress)

    def reason_to_issue(self, demand: Demand, *, renew_due: bool, force: bool) -> str:
        """Say in words why a new certificate is needed; empty when the one in the store will do."""
        number = self.store.current(demand.name)
        if number is None:
            return "there is no certificate yet"
        if force:
            return "asked for with --force"
        bundle = self.store.load_bundle(demand.name, number)
        if bundle.meta.not_after <= self.clock.now():
            return f"it expired on {format_time(bundle.meta.not_after)}"
        origin = self.store.find_request(spki_sha256(bundle.leaf.public_key()))
        if differences := demand.differences(bundle, origin):
            return "; ".join(differences)
        return "it is due for renewal" if renew_due else ""

    def issue(
        self,
        demand: Demand,
        *,
        fresh: bool = False,
        new_key: bool = False,
        announce: Callable[[int], None] | None = None,
        force: bool = False,
        exempt: bool = False,
    ) -> Outcome:
        """Get a certificate for ``demand`` and store it, or leave an open request behind that waits for a person.

        An open request with the same digest is gone on with, unless ``fresh`` asks for another one; ``new_key`` gives
        that a key of its own even where keys are kept. ``announce`` is told the number of the new generation just
        before that is stored. ``force`` and ``exempt`` are for :meth:`precheck`, which comes after key and CSR are
        made, and before the CA is given an order.

        Raises:
            RefusedError: the CA refused, or would; the request stays open.
            NetworkError: the CA was not reached; the request stays open.
            MaterialError: what the CA sent is no certificate for this key.
        """
        if isinstance(self.issuer, Preparing):
            self.issuer.prepare()
        settle_requests(self.store, demand.name)
        request = None if fresh else self._find_open(demand)
        if request is None:
            request = self.open_request(demand, new_key=new_key)
        else:
            self.progress.step(f"{demand.name}: going on with request {request.id}")
        self.precheck(demand, force=force, exempt=exempt or bool(self.replaced_by(demand)))
        answer = self.issuer.issue(self._order(demand, request))
        match answer:
            case Waiting(message=message, request_file=request_file, records=records):
                newly = request.request_file != request_file  # something else to carry or to publish is news
                if newly:
                    request = replace(request, request_file=request_file)
                    self.store.save_request(request)
                return Outcome(
                    demand.name, "waiting", request=request, newly_waiting=newly, message=message, records=records
                )
            case Issued(certificates=certificates, staging_ca=staging_ca, directory=directory):
                bundle, findings = complete_request(
                    self.store,
                    request,
                    certificates,
                    clock=self.clock,
                    progress=self.progress,
                    staging_ca=staging_ca,
                    announce=announce,
                    profile=demand.request.issuer.profile,
                    directory=directory,
                )
                for finding in findings:
                    if finding.severity is not Severity.INFO:
                        self.progress.warn(finding.code, finding.message, demand.name)
                return Outcome(demand.name, "issued", bundle=bundle, request=request, findings=findings)

    def open_request(self, demand: Demand, *, new_key: bool = False) -> OpenRequest:
        """Make key and CSR for ``demand`` and store both as an open request; ``new_key`` even where keys are kept."""
        options = demand.request.certificate
        key = self.keys.generate(options.key_algorithm, options.bits) if new_key else self._key(demand)
        csr = build_csr(
            key,
            demand.planned,
            subject=demand.request.subject,
            client_auth=options.client_auth,
            template=options.template,
            names_only=demand.request.issuer.kind == "acme",
        )
        request = OpenRequest(
            id=f"{self.clock.now():%Y%m%d%H%M%S}-{secrets.token_hex(3)}",
            lineage=demand.name,
            state="open",
            created_at=self.clock.now().replace(microsecond=0),
            csr_pem=csr.public_bytes(Encoding.PEM),
            spki_sha256=spki_sha256(key.public_key()),
            names=demand.name_texts,
            exportable=options.exportable,
            friendly_name=options.friendly_name,
            issuer_kind=demand.request.issuer.kind,
            digest=demand.digest(),
        )
        self.store.create_request(request, key_to_pem(key))
        self.store.audit("request-created", demand.name, request=request.id, key=describe_key(key.public_key()))
        self.progress.step(f"{demand.name}: key {describe_key(key.public_key())} and request {request.id} stored")
        return request

    def _order(self, demand: Demand, request: OpenRequest) -> IssueOrder:
        return IssueOrder(
            lineage=demand.name,
            request_id=request.id,
            csr=x509.load_pem_x509_csr(request.csr_pem),
            names=tuple(entry.name for entry in demand.planned.names),
            validity=parse_duration(demand.request.issuer.validity),
            client_auth=demand.request.certificate.client_auth,
            family=demand.family,
            replaces=self.replaced_by(demand),
        )

    def replaced_by(self, demand: Demand) -> str:
        """Give the ARI name of the certificate whose place the one for ``demand`` takes; empty if it takes none's.

        RFC 9773 §5: it is from the same directory, and shares a name with the new one.
        """
        number = self.store.current(demand.name)
        if number is None or demand.request.issuer.kind != "acme":
            return ""
        meta = self.store.load_meta(demand.name, number)
        shares = not set(meta.names).isdisjoint(demand.name_texts)
        if meta.directory != demand.request.issuer.directory or not shares:
            return ""
        return certificate_id(self.store.load_bundle(demand.name, number).leaf)

    def _find_open(self, demand: Demand) -> OpenRequest | None:
        digest = demand.digest()
        for request in reversed(self.store.requests(demand.name)):
            usable = request.state == "open" and request.digest == digest
            if usable and not self.store.blocked.reason(request.spki_sha256):
                return request
        return None

    def _key(self, demand: Demand) -> PrivateKey:
        options = demand.request.certificate
        number = self.store.current(demand.name)
        if options.reuse_key and number is not None:
            bundle = self.store.load_bundle(demand.name, number)
            blocked = self.store.blocked.reason(spki_sha256(bundle.leaf.public_key()))
            if blocked:
                self.progress.warn("key-not-reused", f"{demand.name}: a new key is made: {blocked}", demand.name)
            elif bundle.meta.key == demand.key_description and bundle.meta.exportable == options.exportable:
                return load_key(bundle.key)
        return self.keys.generate(options.key_algorithm, options.bits)


def settle_requests(store: CertificateStore, name: str) -> None:
    """Close requests whose generation was stored by a run that died before it could say so."""
    for request in store.requests(name):
        if request.state == "open" and _is_answered(store, request):
            store.save_request(replace(request, state="completed"))


def _is_answered(store: CertificateStore, request: OpenRequest) -> bool:
    for number in reversed(store.generations(request.lineage)):
        if store.load_meta(request.lineage, number).created_at < request.created_at:
            return False
        if spki_sha256(store.load_bundle(request.lineage, number).leaf.public_key()) == request.spki_sha256:
            return True
    return False


def complete_request(  # the facts of one answer
    store: CertificateStore,
    request: OpenRequest,
    certificates: Sequence[x509.Certificate],
    *,
    clock: Clock,
    progress: Progress,
    extra: Sequence[x509.Certificate] = (),
    staging_ca: bool = False,
    announce: Callable[[int], None] | None = None,
    profile: str | None = None,
    directory: str = "",
) -> tuple[Bundle, tuple[Finding, ...]]:
    """Store the CA's ``certificates`` as the next generation of the request's lineage and close the request.

    Raises:
        MaterialError: no certificate is for the request's key, or the chain does not lead on from it; ``key-blocked``.
    """
    verify_not_blocked(store.blocked, request.spki_sha256)
    chain = order_chain(request.spki_sha256, certificates, extra=extra)
    verify_chain_order(chain.certificates)
    asked = Asked(x509.load_pem_x509_csr(request.csr_pem), request.created_at, profile or "", by_us=profile is not None)
    findings = (*compare_names_of(request, chain.leaf), *compare_issued(asked, chain, now=clock.now()))
    bundle = make_bundle(
        store.request_key(request),
        chain.certificates,
        name=request.lineage,
        generation=store.next_generation(request.lineage),
        friendly_name=request.friendly_name,
        issuer_kind=request.issuer_kind,
        exportable=request.exportable,
        created_at=clock.now(),
        staging_ca=staging_ca,
        findings=tuple(finding.code for finding in findings),
        directory=directory,
    )
    if announce is not None and not staging_ca:
        announce(bundle.meta.generation)
    store.add_generation(bundle)
    store.save_request(replace(request, state="completed"))
    store.audit("generation-stored", request.lineage, generation=bundle.meta.generation, serial=bundle.meta.serial)
    progress.step(
        f"{request.lineage}: generation {bundle.meta.generation} stored, "
        f"valid until {format_time(bundle.meta.not_after)}"
    )
    return bundle, findings


def compare_names_of(request: OpenRequest, leaf: x509.Certificate) -> tuple[Finding, ...]:
    """Say how the names that were issued differ from those that ``request`` asked for."""
    return compare_names(from_certificate(x509.load_pem_x509_csr(request.csr_pem)), leaf)
