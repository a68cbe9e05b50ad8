"""A small world for the use cases: a CA, targets and a watcher, all of our own interfaces, that fail when told to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from edgecert.interfaces import (
    DEPLOY_AS_USUAL,
    DeployOptions,
    Issued,
    ListenerReport,
    SavedSettings,
    TargetVerdict,
    Verification,
    Waiting,
)
from edgecert.issuers.authority import Authority, build_intermediate, build_leaf, build_root
from edgecert.lifecycle.apply import Applying, ApplyOptions, Origin
from edgecert.lifecycle.deploy import RETRY_AFTER, Deploying
from edgecert.lifecycle.due import Asking, Due
from edgecert.lifecycle.issue import Issuance
from edgecert.lifecycle.renew import Renewing, RenewOptions
from edgecert.model.keys import generate_key
from edgecert.model.request import CertificateOptions, CertificateRequest, DeployTarget, IssuerOptions, Topology
from edgecert.shared.errors import DeployError, PermissionDeniedError, RefusedError, TargetNotRunningError
from edgecert.store.memory import MemoryStore
from edgecert.store.renewals import MemoryRenewals
from tests.support.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography import x509

    from edgecert.interfaces import IssueOrder
    from edgecert.lifecycle.apply import Applied
    from edgecert.lifecycle.renew import RenewResult
    from edgecert.model.keys import PrivateKey
    from edgecert.shared.bundle import Bundle
    from edgecert.shared.jsonvalue import JsonObject


class FastKeys:
    """Makes P-256 keys whatever is asked: tests of use cases do not wait for primes."""

    def generate(self, algorithm: str, bits: int) -> PrivateKey:
        """Make a P-256 key, or the RSA key if one is asked for by name."""
        return generate_key(algorithm, bits)


class FakeCa:
    """An :class:`edgecert.interfaces.Issuer` that signs, refuses or waits as told."""

    def __init__(self, clock: FakeClock, *, kind: str = "local") -> None:
        """Make a root and an intermediate at the clock's time."""
        self._clock = clock
        self._kind = kind
        root_key, key = generate_key("ecdsa", 256), generate_key("ecdsa", 256)
        root_cert = build_root(root_key, label="test", now=clock.now())
        root = Authority(root_cert, root_key)
        self.root = root_cert
        self._issuer = Authority(build_intermediate(root, key, label="test", limits=None, now=clock.now()), key)
        self.refuse = False
        self.refuse_names: set[str] = set()
        self.staging_ca = False
        self.extra_name = ""
        self.orders: list[IssueOrder] = []

    @property
    def kind(self) -> str:
        """The kind it was made as."""
        return self._kind

    def issue(self, order: IssueOrder) -> Issued | Waiting:
        """Sign, refuse or wait."""
        self.orders.append(order)
        if self.refuse or self.refuse_names & {name.text for name in order.names}:
            message = "the CA is closed today"
            raise RefusedError(message)
        if self._kind == "csr":
            return Waiting("carry the CSR to your CA", f"/tmp/{order.lineage}.csr")  # noqa: S108  # a name, not a file
        return Issued(self.sign(order), self.staging_ca)

    def sign(self, order: IssueOrder) -> tuple[x509.Certificate, ...]:
        """Give leaf, intermediate and root for ``order``."""
        leaf = build_leaf(self._issuer, order.csr, now=self._clock.now(), validity=order.validity, client_auth=False)
        return (self.root, leaf, self._issuer.certificate)


@dataclass
class FakeTarget:
    """An :class:`edgecert.interfaces.Deployer` with a memory of what it serves, and of what was done to it."""

    target: DeployTarget
    serving: Bundle | None = None
    running: bool = True
    refusing: bool = False
    forbidden: bool = False
    serves_other: bool = False
    blind: bool = False
    refuse_lower: bool = False
    pushes: list[tuple[int, DeployOptions]] = field(default_factory=list)
    staged: dict[int, datetime] = field(default_factory=dict)

    def push(self, bundle: Bundle, options: DeployOptions) -> None:
        """Take the bundle, or fail as told."""
        self.pushes.append((bundle.meta.generation, options))
        self._listen()
        if self.forbidden:
            message = "the socket may not be opened"
            raise PermissionDeniedError(message)
        if self.refusing or (self.refuse_lower and options.rollback):
            message = "the reload command failed"
            raise DeployError(message)
        self.serving = bundle

    def _listen(self) -> None:
        if not self.running:
            message = "nobody listens"
            raise TargetNotRunningError(message)

    def stage(self, bundle: Bundle, effective_at: datetime, options: DeployOptions = DEPLOY_AS_USUAL) -> bool:
        """Stage it if this is a gateway."""
        self._listen()
        if self.target.kind != "gateway":
            return False
        self.staged[bundle.meta.generation] = effective_at
        return True

    def cancel_staged(self, name: str) -> None:
        """Forget what is staged."""
        assert name
        self._listen()
        self.staged.clear()

    def verify(self, bundle: Bundle) -> Verification:
        """Say what is served."""
        if not self.running:
            return Verification(TargetVerdict.NOT_RUNNING, error="nobody listens")
        if self.blind:
            return Verification(TargetVerdict.UNVERIFIED, error="no answer in 10 s")
        served = self.serving.meta.fingerprint_sha256 if self.serving and not self.serves_other else "0" * 64
        verdict = TargetVerdict.SAME if served == bundle.meta.fingerprint_sha256 else TargetVerdict.DIFFERENT
        report = ListenerReport("127.0.0.1:5269", "xmpp-s2s", "contoso.example", verdict, served)
        return Verification(verdict, served, (report,))


@dataclass
class Watcher:
    """An :class:`edgecert.interfaces.Progress` that remembers."""

    steps: list[str] = field(default_factory=list)
    warnings: list[tuple[str, str, str]] = field(default_factory=list)

    def step(self, text: str) -> None:
        """Remember a step."""
        self.steps.append(text)

    def warn(self, code: str, message: str, path: str = "") -> None:
        """Remember a warning."""
        self.warnings.append((code, message, path))

    @property
    def codes(self) -> list[str]:
        """The codes of the warnings."""
        return [code for code, _message, _path in self.warnings]


def a_request(
    name: str = "edge", *targets: str, kind: str = "local", domains: tuple[str, ...] = ("contoso.example",)
) -> CertificateRequest:
    """Give a request for ``domains`` with gateway targets of these names."""
    issuer = IssuerOptions(kind="csr" if kind == "csr" else "local", validity="90d")
    return CertificateRequest(
        certificate=CertificateOptions(name=name, friendly_name="Contoso edge", key_algorithm="ecdsa", bit_length=256),
        topology=Topology(access_edge="sip.contoso.example", sip_domains=domains, xmpp_domains=domains),
        issuer=issuer,
        deploy=tuple(DeployTarget(name=target, kind="gateway") for target in targets),
    )


@dataclass
class World:
    """Store, CA, targets, clock and the use cases wired over them; :meth:`restart` is what a new process sees."""

    clock: FakeClock = field(default_factory=FakeClock)
    kind: str = "local"

    def __post_init__(self) -> None:
        """Begin with an empty store."""
        self.store = MemoryStore(self.clock)
        self.ca = FakeCa(self.clock, kind=self.kind)
        self.targets: dict[str, FakeTarget] = {}
        self.watcher = Watcher()
        self.told: list[tuple[tuple[str, ...], JsonObject]] = []
        self.records = MemoryRenewals()

    def restart(self) -> None:
        """Lose what a process keeps in memory; store, CA and targets live on."""
        self.watcher = Watcher()

    def deployer(self, target: DeployTarget) -> FakeTarget:
        """Give the fake behind ``target``."""
        return self.targets.setdefault(target.name, FakeTarget(target))

    @property
    def issuance(self) -> Issuance:
        """The use case that issues."""
        return Issuance(self.store, self.ca, FastKeys(), self.clock, self.watcher)

    @property
    def deploying(self) -> Deploying:
        """The use case that deploys."""
        return Deploying(self.store, self.deployer, self.clock, self.watcher)

    @property
    def applying(self) -> Applying:
        """The use case that applies."""
        return Applying(
            self.store, lambda _request: self.issuance, self.deploying, self.due, self.clock, self.watcher, 1.0
        )

    @property
    def renewing(self) -> Renewing:
        """The use case that renews."""
        return Renewing(
            self.store,
            lambda _settings: self.issuance,
            self.deploying,
            lambda settings: settings.request.deploy,
            self.due,
            Asking(self.store, lambda _settings: self.ca, self.clock, self.watcher, lambda: 0.5),
            self.clock,
            self.watcher,
            1.0,
            self,
        )

    @property
    def due(self) -> Due:
        """Tells when lineages are due."""
        return Due(self.store, self.records, self.clock)

    def notify(self, command: Sequence[str], document: JsonObject) -> None:
        """Remember what a notify command would be told."""
        self.told.append((tuple(command), document))

    def apply(self, request: CertificateRequest, options: ApplyOptions | None = None) -> Applied:
        """Apply ``request`` and give what became of its first certificate."""
        return self.applying.apply(request, Origin(), options or ApplyOptions())[0]

    def renew(self, name: str = "edge", *, force: bool = False) -> RenewResult:
        """Renew ``name``."""
        return self.renewing.renew(name, RenewOptions(force=force))

    def save(self, request: CertificateRequest) -> SavedSettings:
        """Save settings without issuing."""
        settings = SavedSettings(request, self.clock.now())
        self.store.save_settings(request.certificate.name, settings)
        return settings

    def serving(self, target: str = "gw") -> int | None:
        """Give the generation that ``target`` really serves."""
        bundle = self.targets[target].serving if target in self.targets else None
        return bundle.meta.generation if bundle else None

    @property
    def deploying_retry(self) -> timedelta:
        """How long a target that failed is left alone."""
        return RETRY_AFTER

    def expire(self) -> None:
        """Move past the end of every certificate."""
        self.clock.advance(timedelta(days=120))


def with_names(request: CertificateRequest, *domains: str) -> CertificateRequest:
    """Give ``request`` for other domains."""
    return replace(request, topology=replace(request.topology, sip_domains=domains, xmpp_domains=domains))
