"""The store in memory, for tests of what stands on a store: the same promises, forgotten with the process."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from edgecert.interfaces import Deployments, PruneReport
from edgecert.shared.clock import format_time
from edgecert.shared.errors import LockedError
from edgecert.store import rules
from edgecert.store.blockedkeys import MemoryBlockedKeys

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from edgecert.interfaces import OpenRequest, SavedSettings, Staged
    from edgecert.shared.bundle import Bundle, BundleMeta
    from edgecert.shared.clock import Clock
    from edgecert.shared.secret import Secret


@dataclass(slots=True)
class _Lineage:
    settings: SavedSettings | None = None
    generations: dict[int, Bundle] = field(default_factory=dict)
    deployments: Deployments = field(default_factory=Deployments)
    staged: Staged | None = None
    requests: dict[str, OpenRequest] = field(default_factory=dict)
    keys: dict[str, Secret] = field(default_factory=dict)
    former: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line of the audit log."""

    time: str
    event: str
    lineage: str
    fields: dict[str, str | int | bool]


class MemoryStore:
    """A :class:`edgecert.interfaces.CertificateStore` that keeps everything in this object."""

    def __init__(self, clock: Clock, *, store_id: str = "memory") -> None:
        """Begin empty."""
        self._clock = clock
        self._store_id = store_id
        self._lineages: dict[str, _Lineage] = {}
        self._last_numbers: dict[str, int] = {}
        self._locked: set[str] = set()
        self.blocked = MemoryBlockedKeys()
        self.audit_lines: list[AuditLine] = []

    @property
    def store_id(self) -> str:
        """The store's identity."""
        return self._store_id

    def lock(self, name: str, timeout: float) -> AbstractContextManager[None]:
        """Hold the lineage's lock; ``LockedError`` at once if it is held, for in one thread no waiting frees it."""
        rules.verify_name(name)
        return self._hold(name, timeout)

    @contextmanager
    def _hold(self, name: str, timeout: float) -> Iterator[None]:
        if name in self._locked:
            raise LockedError(f"certificate {name} is being worked on by this process (waited {timeout} s)")
        self._locked.add(name)
        try:
            yield
        finally:
            self._locked.discard(name)

    def lineages(self) -> tuple[str, ...]:
        """Give the names of all lineages that have settings or a generation, sorted."""
        return tuple(sorted(name for name, kept in self._lineages.items() if kept.settings or kept.generations))

    def load_settings(self, name: str) -> SavedSettings | None:
        """Give the saved settings, or None."""
        return self._look(name).settings

    def save_settings(self, name: str, settings: SavedSettings) -> None:
        """Keep ``settings``; makes the lineage if it is new."""
        certificate = replace(settings.request.certificate, name=name)
        self._make(name).settings = replace(settings, request=replace(settings.request, certificate=certificate))

    def generations(self, name: str) -> tuple[int, ...]:
        """Give the numbers of all generations, ascending; empty when there are none."""
        return tuple(sorted(self._look(name).generations))

    def current(self, name: str) -> int | None:
        """Give the newest generation that is not held, or None."""
        return rules.newest_not_held(self.generations(name), self.deployments(name).held)

    def load_meta(self, name: str, generation: int) -> BundleMeta:
        """Give a generation's meta; ``StoreError`` ``no-such-generation``."""
        return self.load_bundle(name, generation).meta

    def load_bundle(self, name: str, generation: int) -> Bundle:
        """Give a generation whole; ``StoreError`` ``no-such-generation``."""
        kept = self._get(name)
        if generation not in kept.generations:
            raise rules.no_such_generation(name, generation, self.generations(name))
        return kept.generations[generation]

    def next_generation(self, name: str) -> int:
        """Give the number the next generation will have; also one that was removed keeps its number."""
        return max(self._last_numbers.get(name, 0), *self.generations(name), 0) + 1

    def add_generation(self, bundle: Bundle) -> None:
        """Keep a new generation under ``bundle.meta``'s name and number."""
        kept = self._make(bundle.meta.name)
        if bundle.meta.generation in kept.generations:
            raise rules.generation_exists(bundle.meta.name, bundle.meta.generation)
        kept.generations[bundle.meta.generation] = bundle

    def path(self, name: str, generation: int) -> str:
        """Give a name for where a generation lies."""
        return f"memory:{name}/{generation:04d}"

    def deployments(self, name: str) -> Deployments:
        """Give the deployment state; empty for a lineage never deployed."""
        return self._look(name).deployments

    def save_deployments(self, name: str, deployments: Deployments) -> None:
        """Keep the deployment state."""
        self._get(name).deployments = deployments

    def staged(self, name: str) -> Staged | None:
        """Give what is staged, or None."""
        return self._look(name).staged

    def save_staged(self, name: str, staged: Staged | None) -> None:
        """Stage, or with None unstage."""
        self._get(name).staged = staged

    def create_request(self, request: OpenRequest, key: Secret) -> None:
        """Keep key and CSR of a new request."""
        rules.verify_request_id(request.id)
        kept = self._make(request.lineage)
        if request.id in kept.requests:
            raise rules.request_exists(request.lineage, request.id)
        kept.keys[request.id] = key
        kept.requests[request.id] = request

    def save_request(self, request: OpenRequest) -> None:
        """Keep a changed state of a request that is there."""
        self._find(request).requests[request.id] = request

    def requests(self, name: str) -> tuple[OpenRequest, ...]:
        """Give all requests of a lineage in any state, oldest first."""
        return rules.oldest_first(self._look(name).requests.values())

    def request_key(self, request: OpenRequest) -> Secret:
        """Give the key of a request."""
        return self._find(request).keys[request.id]

    def find_request(self, spki_sha256: str) -> OpenRequest | None:
        """Find the request whose public key has this hash, over all lineages, open and cancelled first."""
        every = (request for kept in self._lineages.values() for request in kept.requests.values())
        return rules.choose_request(every, spki_sha256)

    def prune(self, name: str, *, keep: int, protect: frozenset[int], dry_run: bool = False) -> PruneReport:
        """Take away old generations beyond ``keep`` and ended requests; never what is current, deployed or staged."""
        kept = self._get(name)
        used = rules.in_use(kept.deployments, kept.staged)
        generations = rules.plan_prune(
            self.generations(name), keep=keep, protect=protect | used, current=self.current(name)
        )
        requests = tuple(request.id for request in self.requests(name) if rules.has_ended(request))
        if not dry_run:
            for generation in generations:
                del kept.generations[generation]
            for request_id in requests:
                del kept.requests[request_id], kept.keys[request_id]
        return PruneReport(generations, requests)

    def remove(self, name: str) -> None:
        """Take a lineage away, its requests too."""
        self._get(name)
        self._retire(name)

    def former_names(self, name: str) -> tuple[str, ...]:
        """Give the names that ``name`` had before, but none that is another lineage now."""
        return tuple(sorted(self._look(name).former - {name, *self.lineages()}))

    def rename(self, old: str, new: str) -> None:
        """Give a lineage another name; ``StoreError`` ``name-taken``."""
        self._get(old)
        rules.verify_name(new)
        if new in self._lineages:
            raise rules.name_taken(new)
        kept = self._retire(old)
        self._lineages[new] = kept
        if kept.generations:
            kept.former.add(old)
        if kept.settings is not None:
            self.save_settings(new, kept.settings)
        for number, bundle in kept.generations.items():
            kept.generations[number] = replace(bundle, meta=replace(bundle.meta, name=new))
        for request_id, request in kept.requests.items():
            kept.requests[request_id] = replace(request, lineage=new)

    def audit(self, event: str, lineage: str, **fields: str | int | bool) -> None:
        """Add a line to :attr:`audit_lines`."""
        self.audit_lines.append(AuditLine(format_time(self._clock.now()), event, lineage, fields))

    def _look(self, name: str) -> _Lineage:
        return self._lineages.get(rules.verify_name(name)) or _Lineage()

    def _get(self, name: str) -> _Lineage:
        if rules.verify_name(name) not in self._lineages:
            raise rules.no_such_certificate(name, self.lineages())
        return self._lineages[name]

    def _make(self, name: str) -> _Lineage:
        return self._lineages.setdefault(rules.verify_name(name), _Lineage())

    def _find(self, request: OpenRequest) -> _Lineage:
        kept = self._look(request.lineage)
        if request.id not in kept.requests:
            raise rules.no_such_request(request.lineage, request.id)
        return kept

    def _retire(self, name: str) -> _Lineage:
        self._last_numbers[name] = self.next_generation(name) - 1
        return self._lineages.pop(name)
