"""Where lineages live, and what is kept of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from edgecert.interfaces.revoking import BlockedKeys
    from edgecert.model.request import CertificateRequest
    from edgecert.shared.bundle import Bundle, BundleMeta
    from edgecert.shared.secret import Secret


RequestState = Literal["open", "cancelled", "completed"]


@dataclass(frozen=True, slots=True)
class SavedSettings:
    """A lineage's settings as they were resolved: renewal obeys these alone."""

    request: CertificateRequest
    saved_at: datetime
    flags_file: str = ""
    flags_digest: str = ""
    part: int = 1
    part_of: str = ""
    assignment: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A key and a CSR whose certificate is not there yet (or was, or was given up)."""

    id: str
    lineage: str
    state: RequestState
    created_at: datetime
    csr_pem: bytes
    spki_sha256: str
    names: tuple[str, ...]
    exportable: bool
    friendly_name: str
    issuer_kind: str
    digest: str = ""
    request_file: str = ""


class TargetVerdict(StrEnum):
    """What a target was seen to serve."""

    SAME = "same"
    DIFFERENT = "different"
    UNVERIFIED = "unverified"
    NOT_RUNNING = "not-running"


@dataclass(frozen=True, slots=True)
class Deployment:
    """What one target should serve, what it was last seen to serve, and what went wrong last."""

    target: str
    kind: str
    wanted: int
    serving: int | None = None
    verdict: TargetVerdict = TargetVerdict.UNVERIFIED
    served_fingerprint_sha256: str = ""
    verified_at: datetime | None = None
    last_error: str = ""
    retry_after: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether the target still has to be given what is wanted."""
        return self.serving != self.wanted


@dataclass(frozen=True, slots=True)
class Deployments:
    """The deployment state of a lineage: per target, and what is held, with the reason."""

    targets: tuple[Deployment, ...] = ()
    held: Mapping[int, str] = field(default_factory=dict)
    revoked: Mapping[int, str] = field(default_factory=dict)
    """Those of the held ones that not even a person may deploy, with the reason."""

    def find(self, target: str) -> Deployment | None:
        """Give the state of ``target``, or None if nothing was ever deployed there."""
        return next((entry for entry in self.targets if entry.target == target), None)


@dataclass(frozen=True, slots=True)
class Staged:
    """A generation that goes into service at a date."""

    generation: int
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What was taken away: generations by number, requests by id."""

    generations: tuple[int, ...] = ()
    requests: tuple[str, ...] = ()


class CertificateStore(Protocol):
    """Where lineages live.

    A generation is immutable; every write is whole or not there, at whatever point the process dies.

    Callers that change a lineage hold its lock, and look again at what they decided on after they got it.
    Methods that take a lineage raise ``StoreError`` (``no-such-certificate``) when there is none, unless they tell.
    """

    @property
    def store_id(self) -> str:
        """The store's own random identity, made with it; part of the associated data of wrapped keys."""
        ...

    @property
    def blocked(self) -> BlockedKeys:
        """The keys that nothing is issued or imported with."""
        ...

    def lock(self, name: str, timeout: float) -> AbstractContextManager[None]:
        """Hold the lineage's lock; ``LockedError`` after ``timeout`` seconds. The lineage need not exist yet."""
        ...

    def lineages(self) -> tuple[str, ...]:
        """Give the names of all lineages that have settings or a generation, sorted."""
        ...

    def load_settings(self, name: str) -> SavedSettings | None:
        """Give the saved settings, or None."""
        ...

    def save_settings(self, name: str, settings: SavedSettings) -> None:
        """Keep ``settings``; makes the lineage if it is new."""
        ...

    def generations(self, name: str) -> tuple[int, ...]:
        """Give the numbers of all generations, ascending; empty when there are none."""
        ...

    def current(self, name: str) -> int | None:
        """Give the newest generation that is not held, or None."""
        ...

    def load_meta(self, name: str, generation: int) -> BundleMeta:
        """Give a generation's meta without touching its key; ``StoreError`` ``no-such-generation``."""
        ...

    def load_bundle(self, name: str, generation: int) -> Bundle:
        """Give a generation whole, its key unwrapped; ``StoreError`` ``no-such-generation``."""
        ...

    def next_generation(self, name: str) -> int:
        """Give the number the next generation will have (1 for a new lineage); numbers are never used twice."""
        ...

    def add_generation(self, bundle: Bundle) -> None:
        """Keep a new generation under ``bundle.meta``'s name and number and move ``current``."""
        ...

    def deployments(self, name: str) -> Deployments:
        """Give the deployment state; empty for a lineage never deployed."""
        ...

    def save_deployments(self, name: str, deployments: Deployments) -> None:
        """Keep the deployment state and move ``current`` past what is held."""
        ...

    def staged(self, name: str) -> Staged | None:
        """Give what is staged, or None."""
        ...

    def save_staged(self, name: str, staged: Staged | None) -> None:
        """Stage, or with None unstage."""
        ...

    def create_request(self, request: OpenRequest, key: Secret) -> None:
        """Keep key and CSR of a new request, the key first."""
        ...

    def save_request(self, request: OpenRequest) -> None:
        """Keep a changed state of a request that is there."""
        ...

    def requests(self, name: str) -> tuple[OpenRequest, ...]:
        """Give all requests of a lineage in any state, oldest first."""
        ...

    def request_key(self, request: OpenRequest) -> Secret:
        """Give the key of a request, unwrapped."""
        ...

    def find_request(self, spki_sha256: str) -> OpenRequest | None:
        """Find the request whose public key has this hash, over all lineages, open and cancelled first."""
        ...

    def path(self, name: str, generation: int) -> str:
        """Give where a generation lies, for people."""
        ...

    def prune(self, name: str, *, keep: int, protect: frozenset[int], dry_run: bool = False) -> PruneReport:
        """Take away generations beyond ``keep``, but none in ``protect`` nor current, and keys of ended requests."""
        ...

    def remove(self, name: str) -> None:
        """Take a lineage away, its requests too."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Give a lineage another name; ``StoreError`` ``name-taken``."""
        ...

    def former_names(self, name: str) -> tuple[str, ...]:
        """Give the names under which generations of ``name`` were made, but none that is another lineage now."""
        ...

    def audit(self, event: str, lineage: str, **fields: str | int | bool) -> None:
        """Add a line to the audit log: who did what when."""
        ...
