"""The one place that knows which adapter stands behind which interface."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Final

from edgecert.interfaces import CaKnowledge
from edgecert.lifecycle.deploy import Deploying
from edgecert.lifecycle.due import Asking, Due
from edgecert.model.requestrules import check_issuing
from edgecert.shared.errors import ConfigError, ConfigProblem
from edgecert.store.filesystem import FilesystemStore
from edgecert.store.layout import Layout
from edgecert.store.renewals import RenewalFiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from edgecert.interfaces import Deployer, Issuer, Prober, Progress, SavedSettings
    from edgecert.issuers.acme.assembly import Acme
    from edgecert.issuers.local import LocalCa
    from edgecert.lifecycle.apply import Applying
    from edgecert.lifecycle.issue import Issuance
    from edgecert.lifecycle.nextkey import NextKeys
    from edgecert.lifecycle.precheck import Prechecking
    from edgecert.lifecycle.renew import Renewing
    from edgecert.lifecycle.revoke import Revocation
    from edgecert.lifecycle.scan import Scanning
    from edgecert.model.dnsrecords import Answers, Question
    from edgecert.model.keys import PrivateKey
    from edgecert.model.request import CertificateRequest, DeployTarget
    from edgecert.shared.bundle import BundleMeta
    from edgecert.shared.clock import Clock
    from edgecert.shared.keywrap import KeyWrapper

KEK_CREDENTIAL: Final = "edgecert-kek"


class GeneratedKeys:
    """Makes keys with the machine's randomness."""

    def generate(self, algorithm: str, bits: int) -> PrivateKey:
        """Make a new private key."""
        from edgecert.model.keys import generate_key  # noqa: PLC0415  # only where a key is made

        return generate_key(algorithm, bits)


@dataclass
class Wiring:
    """Everything a verb needs, made when it is first asked for."""

    state_dir: Path
    kek_file: Path
    environ: Mapping[str, str]
    clock: Clock
    progress: Progress
    lock_timeout: float = 30.0
    command: tuple[str, ...] = ("edgecert", "…")
    nameservers: tuple[str, ...] = ()
    look_at_dns: bool | None = None
    """Before an order: whether the DNS is looked at; None for only where the CA is a public one."""
    keys: GeneratedKeys = field(default_factory=GeneratedKeys)

    @cached_property
    def store(self) -> FilesystemStore:
        """The store in the state directory; made if it is not there yet."""
        return FilesystemStore(
            self.state_dir,
            clock=self.clock,
            wrapper_factory=lambda: self._wrapper,
            command=self.command,
            environ=self.environ,
        )

    @cached_property
    def _wrapper(self) -> KeyWrapper:
        from edgecert.shared.keywrap import KeyWrapper, load_kek  # noqa: PLC0415  # only for keys that are not exportable

        loaded = load_kek(
            credential=KEK_CREDENTIAL,
            kek_file=self.kek_file,
            create=not self.store.has_wrapped_keys(),  # a lost one is not replaced by one that unwraps nothing
            environ=self.environ,
            outside=self.state_dir,
        )
        if loaded.created:
            self.progress.warn(
                "kek-created",
                f"a key-encryption key was made: {loaded.path}. Keys that are not exportable are lost without it; "
                f"back it up apart from {self.state_dir}",
            )
        return KeyWrapper(loaded.secret, self.store.store_id)

    def issuer(self, request: CertificateRequest) -> Issuer:
        """Give the issuer that ``request`` names.

        Raises:
            ConfigError: what ACME needs is missing in the request.
        """
        match request.issuer.kind:
            case "local":
                from edgecert.issuers.local import LocalIssuer  # noqa: PLC0415  # one issuer per run

                return LocalIssuer(self.local_ca(request), unconstrained=request.issuer.unconstrained)
            case "csr":
                from edgecert.issuers.csr import CsrIssuer  # noqa: PLC0415  # the same

                return CsrIssuer(Path(request.issuer.request_file or f"{request.certificate.name}.csr"))
            case "acme":
                return self.acme(request, issuing=True)

    def acme(self, request: CertificateRequest, *, issuing: bool = False) -> Acme:
        """Give what works with the ACME account that ``request`` names, or with ``issuing`` gets certificates too.

        Raises:
            ConfigError: what that needs is missing in the request.
        """
        from edgecert.challenges.solvers import Solvers  # noqa: PLC0415  # only for ACME
        from edgecert.issuers.acme.assembly import Acme  # noqa: PLC0415  # loads the ACME libraries

        problems = [problem for problem in check_issuing(request) if issuing or problem.key == "issuer.directory"]
        if problems:
            source = "issuing by ACME"
            raise ConfigError([ConfigProblem(source, 0, problem.key, problem.message) for problem in problems])
        solve = Solvers(request, self.clock, self.progress).make
        return Acme(request.issuer, self.state_dir, self.clock, time.sleep, self.progress, solve, lookup=self._ask_dns)

    def _ask_dns(self, questions: Iterable[Question]) -> Answers:
        from edgecert.dns.lookup import Lookup  # noqa: PLC0415  # only where the DNS has to be asked

        return Lookup(self.nameservers).ask(questions)

    def local_ca(self, request: CertificateRequest | None = None) -> LocalCa:
        """Give the built-in CA of this state directory."""
        from edgecert.issuers.local import LocalCa  # noqa: PLC0415  # only where it is used

        wrapped = request is not None and not request.certificate.exportable
        return LocalCa(
            self.state_dir / "local-ca",
            self.clock,
            self._wrapper if wrapped else None,
            unwrapper=lambda: self._wrapper,
        )

    def deployer(self, target: DeployTarget) -> Deployer:
        """Give the deployer for ``target``."""
        prober = self._prober()
        if target.kind == "gateway":
            from edgecert.deploy.gateway import GatewayDeployer  # noqa: PLC0415  # one kind per target

            return GatewayDeployer(target, prober)
        from edgecert.deploy.files import FilesDeployer  # noqa: PLC0415  # the same

        return FilesDeployer(target, prober)

    def _prober(self) -> Prober:
        from edgecert.interfaces import WatchesStandings  # noqa: PLC0415  # only where something is deployed
        from edgecert.probe.handshake import HandshakeProber  # noqa: PLC0415  # the same

        if isinstance(self.progress, WatchesStandings):
            from edgecert.deploy.verifying import WatchedProber  # noqa: PLC0415  # only where somebody watches

            return WatchedProber(HandshakeProber(), self.progress)
        return HandshakeProber()

    def issuance(self, request: CertificateRequest) -> Issuance:
        """Give the use case that issues for ``request``."""
        from edgecert.lifecycle.issue import Issuance  # noqa: PLC0415  # deploying, listing and looking do not issue

        issuer = self.issuer(request)
        prechecks = self.prechecking(issuer) if isinstance(issuer, CaKnowledge) else None
        return Issuance(self.store, issuer, self.keys, self.clock, self.progress, prechecks)

    def prechecking(self, ca: CaKnowledge) -> Prechecking:
        """Give the use case that finds what ``ca`` would refuse."""
        from edgecert.dns.lookup import PRECHECK_LIMITS, Lookup  # noqa: PLC0415  # only where an order is meant
        from edgecert.dns.ownaddresses import own_addresses  # noqa: PLC0415  # the same
        from edgecert.lifecycle.precheck import Prechecking  # noqa: PLC0415  # the same

        return Prechecking(
            ca, lambda: Lookup(self.nameservers, PRECHECK_LIMITS), own_addresses, self.clock, self.look_at_dns
        )

    @cached_property
    def deploying(self) -> Deploying:
        """The use case that puts generations into service."""
        return Deploying(self.store, self.deployer, self.clock, self.progress)

    @cached_property
    def applying(self) -> Applying:
        """The use case behind ``issue`` and ``apply``."""
        from edgecert.lifecycle.apply import Applying  # noqa: PLC0415  # only where it is used

        return Applying(
            self.store, self.issuance, self.deploying, self.due, self.clock, self.progress, self.lock_timeout
        )

    @cached_property
    def renewing(self) -> Renewing:
        """The use case behind ``renew``."""
        from edgecert.deploy.notifying import CommandNotifier  # noqa: PLC0415  # the same
        from edgecert.lifecycle.renew import Renewing  # noqa: PLC0415  # the same

        return Renewing(
            self.store,
            lambda settings: self.issuance(settings.request),
            self.deploying,
            targets_of,
            self.due,
            self.asking,
            self.clock,
            self.progress,
            self.lock_timeout,
            CommandNotifier(self.progress),
        )

    @cached_property
    def revocation(self) -> Revocation:
        """The use case behind ``revoke``."""
        from edgecert.lifecycle.revoke import Revocation  # noqa: PLC0415  # only where it is used

        return Revocation(self.store, self._ca_of, self.clock, self.progress)

    def _ca_of(self, meta: BundleMeta) -> object:
        """Give the CA that a generation is from: its own directory, whatever the settings say now; None if unknown."""
        settings = self.store.load_settings(meta.name)
        if meta.issuer_kind != "acme" or settings is None:
            return None
        issuer = settings.request.issuer
        directory = meta.directory or issuer.directory
        return self.acme(replace(settings.request, issuer=replace(issuer, kind="acme", directory=directory)))

    @cached_property
    def next_keys(self) -> NextKeys:
        """Makes keys ahead."""
        from edgecert.lifecycle.nextkey import NextKeys  # noqa: PLC0415  # only where it is used

        return NextKeys(self.store, lambda settings: self.issuance(settings.request), self.lock_timeout)

    @cached_property
    def scanning(self) -> Scanning:
        """Renews what is due among all."""
        from edgecert.lifecycle.scan import Scanning  # noqa: PLC0415  # only where it is used

        return Scanning(self.store, self.renewing, self.due, self.store.scan_index, self.clock)

    @cached_property
    def asking(self) -> Asking:
        """Asks CAs when they want certificates renewed."""
        random = SystemRandom().random
        return Asking(self.store, lambda settings: self.issuer(settings.request), self.clock, self.progress, random)

    @cached_property
    def due(self) -> Due:
        """Tells when lineages are due."""
        return Due(self.store, RenewalFiles(Layout(self.state_dir)), self.clock)


def targets_of(settings: SavedSettings) -> tuple[DeployTarget, ...]:
    """Give the targets of a lineage, from its saved settings."""
    return settings.request.deploy
