"""Lineages of certbot's, taken in: settings that renew them, and the certificate in service as the first generation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgecert.interfaces import SavedSettings
from edgecert.model.certbot import CertbotPlan, account_name, plan_lineage
from edgecert.model.keys import describe_key, key_to_pem, load_key
from edgecert.shared.bundle import make_bundle
from edgecert.shared.certreader import parse_certificates
from edgecert.shared.chain import order_chain, spki_sha256, verify_chain_order
from edgecert.shared.errors import StoreError
from edgecert.shared.names import from_certificate

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgecert.interfaces import CertificateStore, Progress
    from edgecert.model.certbot import CertbotAccount, CertbotLineage
    from edgecert.model.keys import PrivateKey
    from edgecert.shared.bundle import Bundle
    from edgecert.shared.chain import Chain
    from edgecert.shared.clock import Clock


@dataclass(frozen=True, slots=True)
class Migrated:
    """What became of one lineage; without a ``bundle`` nothing was done but looking."""

    certbot_name: str
    plan: CertbotPlan
    bundle: Bundle | None = None

    @property
    def name(self) -> str:
        """What it is called here."""
        return self.plan.request.certificate.name


@dataclass(frozen=True, slots=True)
class Migrating:
    """The use case; ``adopt`` keeps an account (directory, our name for it, the account), ``is_staging`` knows CAs."""

    store: CertificateStore
    adopt: Callable[[str, str, CertbotAccount], None]
    is_staging: Callable[[str], bool]
    clock: Clock
    progress: Progress
    lock_timeout: float

    def migrate(self, lineage: CertbotLineage, *, dry_run: bool = False) -> Migrated:
        """Take ``lineage`` in; certbot's own files stay as they are.

        Raises:
            StoreError: there is a lineage of this name (``name-taken``).
            MaterialError: key, certificate and chain do not belong together.
        """
        key = load_key(lineage.key)
        chain = order_chain(spki_sha256(key.public_key()), parse_certificates(lineage.fullchain))
        verify_chain_order(chain.certificates)
        names = tuple(name.text for name in from_certificate(chain.leaf) if name.kind in {"dns", "ip"})
        algorithm, _, bits = describe_key(chain.leaf.public_key()).partition("-")
        plan = plan_lineage(lineage, names, (algorithm, int(bits)))
        name = plan.request.certificate.name
        if name in self.store.lineages():
            message = f"there is a certificate named {name} already"
            raise StoreError(
                message, code="name-taken", hint=f"edgecert rename {name} NEW, or leave this one out: --name"
            )
        if dry_run:
            return Migrated(lineage.name, plan)
        return Migrated(lineage.name, plan, self._store(lineage, plan, key, chain))

    def _store(self, lineage: CertbotLineage, plan: CertbotPlan, key: PrivateKey, chain: Chain) -> Bundle:
        request = plan.request
        name = request.certificate.name
        with self.store.lock(name, self.lock_timeout):
            if lineage.account is not None:
                self.adopt(request.issuer.directory, account_name(lineage.account), lineage.account)
            bundle = make_bundle(
                key_to_pem(key),
                chain.certificates,
                name=name,
                generation=self.store.next_generation(name),
                friendly_name=request.certificate.friendly_name,
                issuer_kind="acme",
                exportable=True,
                created_at=self.clock.now(),
                staging_ca=self.is_staging(request.issuer.directory),
                directory=request.issuer.directory,
            )
            self.store.save_settings(name, SavedSettings(request, self.clock.now()))
            self.store.add_generation(bundle)
            self.store.audit("certbot-imported", name, certbot=lineage.name, serial=bundle.meta.serial)
        self.progress.step(f"{name}: taken in from certbot's {lineage.name}")
        return bundle
