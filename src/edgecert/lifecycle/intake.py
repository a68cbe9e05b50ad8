"""What a CA sent back, or a foreign certificate with its key, taken into the store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cryptography.x509.oid import NameOID

from edgecert.interfaces import SavedSettings
from edgecert.lifecycle.blocking import verify_not_blocked
from edgecert.lifecycle.issue import Outcome, compare_names_of, complete_request
from edgecert.model.findings import Finding, Severity
from edgecert.model.keys import describe_key, key_to_pem
from edgecert.model.request import CertificateOptions, CertificateRequest, IssuerOptions, Topology
from edgecert.shared.bundle import make_bundle
from edgecert.shared.chain import order_chain, spki_sha256, verify_chain_order, verify_leaf, verify_trust
from edgecert.shared.errors import MaterialError, StoreError, UsageError
from edgecert.shared.names import from_certificate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509

    from edgecert.interfaces import CertificateStore, OpenRequest, Progress
    from edgecert.model.answer import Answer
    from edgecert.shared.bundle import Bundle
    from edgecert.shared.chain import Chain
    from edgecert.shared.clock import Clock

NAMES_DIFFER: Final = frozenset({"name-missing", "name-added"})


@dataclass(frozen=True, slots=True)
class IntakeOptions:
    """What the person said beside the file."""

    name: str = ""
    extra: tuple[x509.Certificate, ...] = ()
    roots: tuple[x509.Certificate, ...] | None = None
    accept_names: bool = False
    exportable: bool = True
    friendly_name: str = ""

    @property
    def candidates(self) -> tuple[x509.Certificate, ...]:
        """Every certificate a chain may be built from beside the answer; a root among them is left out of it again."""
        return (*self.extra, *(self.roots or ()))


@dataclass(frozen=True, slots=True)
class Intake:
    """The use case behind ``import``."""

    store: CertificateStore
    clock: Clock
    progress: Progress
    lock_timeout: float

    def take(self, answer: Answer, options: IntakeOptions) -> Outcome:
        """Complete the request that ``answer`` is for, or take in a foreign key with its certificate.

        Raises:
            MaterialError: it fits no request, its chain is broken, its names differ, or it has expired.
            UsageError: a foreign certificate needs a name.
        """
        if answer.key is not None:
            known = self.store.find_request(spki_sha256(answer.key.public_key()))
            if known is None:
                return self._foreign(answer, options)
        return self._complete(self._request_for(answer.certificates), answer, options)

    def _request_for(self, certificates: Sequence[x509.Certificate]) -> OpenRequest:
        for certificate in certificates:
            request = self.store.find_request(spki_sha256(certificate.public_key()))
            if request is not None:
                return request
        waiting = [
            request
            for name in self.store.lineages()
            for request in self.store.requests(name)
            if request.state == "open"
        ]
        known = "; ".join(f"{entry.lineage} {entry.id} ({', '.join(entry.names[:3])})" for entry in waiting) or "none"
        subjects = ", ".join(certificate.subject.rfc4514_string() or "(empty subject)" for certificate in certificates)
        message = f"no request has the public key of this certificate ({subjects}); open requests: {known}"
        raise MaterialError(
            message,
            code="no-matching-request",
            hint="was it signed from another CSR? Compare with: edgecert list --requests",
        )

    def _complete(self, request: OpenRequest, answer: Answer, options: IntakeOptions) -> Outcome:
        if options.name and options.name != request.lineage:
            message = f"this certificate answers request {request.id} of {request.lineage}, not one of {options.name}"
            raise UsageError(message, code="other-lineage", hint=f"leave --name out, or say --name {request.lineage}")
        with self.store.lock(request.lineage, self.lock_timeout):
            chain = order_chain(request.spki_sha256, answer.certificates, extra=options.candidates)
            self._refuse_unfit(chain)
            known = self._known(request.lineage, chain.leaf)
            if known is not None and request.state == "open":  # an import died before it could say that it was done
                self.store.save_request(replace(request, state="completed"))
                return Outcome(request.lineage, "imported", bundle=known, request=request)
            self._refuse_known(known)
            self._refuse_other_names(compare_names_of(request, chain.leaf), options)
            trust = self._trust_findings(chain, options)
            bundle, findings = complete_request(
                self.store,
                request,
                answer.certificates,
                clock=self.clock,
                progress=self.progress,
                extra=options.candidates,
            )
        return Outcome(request.lineage, "imported", bundle=bundle, request=request, findings=(*trust, *findings))

    def _foreign(self, answer: Answer, options: IntakeOptions) -> Outcome:
        if answer.key is None or not options.name:
            message = "this key and certificate belong to no request of this store, so they need a name"
            raise UsageError(message, code="name-needed", hint="say --name NAME")
        with self.store.lock(options.name, self.lock_timeout):
            spki = spki_sha256(answer.key.public_key())
            verify_not_blocked(self.store.blocked, spki)
            chain = order_chain(spki, answer.certificates, extra=options.candidates)
            verify_chain_order(chain.certificates)
            self._refuse_unfit(chain)
            self._refuse_known(self._known(options.name, chain.leaf))
            trust = self._trust_findings(chain, options)
            friendly = options.friendly_name or answer.friendly_name or options.name
            bundle = make_bundle(
                key_to_pem(answer.key),
                chain.certificates,
                name=options.name,
                generation=self.store.next_generation(options.name),
                friendly_name=friendly,
                issuer_kind="csr",
                exportable=options.exportable,
                created_at=self.clock.now(),
                findings=tuple(finding.code for finding in trust),
            )
            if self.store.load_settings(options.name) is None:
                self.store.save_settings(
                    options.name, SavedSettings(self._settings_for(chain.leaf, options, friendly), self.clock.now())
                )
            self.store.add_generation(bundle)
            self.store.audit(
                "generation-imported", options.name, generation=bundle.meta.generation, serial=bundle.meta.serial
            )
        return Outcome(options.name, "imported", bundle=bundle, findings=trust)

    def _settings_for(self, leaf: x509.Certificate, options: IntakeOptions, friendly_name: str) -> CertificateRequest:
        algorithm, _, bits = describe_key(leaf.public_key()).partition("-")
        names = tuple(name.text for name in from_certificate(leaf) if name.kind in {"dns", "ip"})
        subject_names = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        first = str(subject_names[0].value) if subject_names else ""
        access_edge = first if first in names and "*" not in first else ""
        base = CertificateOptions(name=options.name, friendly_name=friendly_name, exportable=options.exportable)
        return CertificateRequest(
            certificate=replace(base, key_algorithm="ecdsa" if algorithm == "ecdsa" else "rsa", bit_length=int(bits)),
            topology=Topology(
                access_edge=access_edge, additional_names=tuple(name for name in names if name != access_edge)
            ),
            issuer=IssuerOptions(kind="csr"),
        )

    def _refuse_unfit(self, chain: Chain) -> None:
        verify_leaf(chain, now=self.clock.now())
        if chain.dropped_roots:
            self.progress.step("the root inside the answer is left out: whoever verifies must have it already")

    def _known(self, name: str, leaf: x509.Certificate) -> Bundle | None:
        bundles = (self.store.load_bundle(name, number) for number in self.store.generations(name))
        return next((bundle for bundle in bundles if bundle.leaf == leaf), None)

    def _refuse_known(self, known: Bundle | None) -> None:
        if known is not None:
            meta = known.meta
            message = f"this certificate is already in the store: {meta.name} generation {meta.generation}"
            raise StoreError(message, code="already-imported", hint=f"edgecert deploy {meta.name}")

    def _refuse_other_names(self, findings: tuple[Finding, ...], options: IntakeOptions) -> None:
        differing = [finding for finding in findings if finding.code in NAMES_DIFFER]
        if differing and not options.accept_names:
            message = "the names are not those asked for: " + "; ".join(finding.message for finding in differing)
            raise MaterialError(message, code="names-differ", hint="if that is what you want: --accept-names")

    def _trust_findings(self, chain: Chain, options: IntakeOptions) -> tuple[Finding, ...]:
        if options.roots is None:
            return ()
        try:
            verify_trust(chain.certificates, options.roots, now=self.clock.now())
        except MaterialError as error:
            text = f"the chain does not end at a root that is trusted here: {error.message}"
            hint = "that is right for a private CA; give its root with --trust FILE to have it checked"
            self.progress.warn("untrusted-root", f"{text}; {hint}")
            return (Finding("untrusted-root", Severity.WARNING, (), text, hint),)
        return ()
