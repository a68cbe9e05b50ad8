"""Which certificates are in service, and how another one gets there: the hot swap.

Whatever the way (a push, a date, a signal, another client's directory), it is the same: prove the new set aside, keep
it, build all contexts anew, assign them. What fails on the way leaves everything as it was.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from edgecert.shared.clock import format_time
from edgecert.shared.errors import EdgecertError, MaterialError, StoreError
from gateway.tls.context import build_contexts
from gateway.tls.directory import read_certificate_dir
from gateway.tls.material import MaterialStore, StagedMaterial, verify_coverage, verify_material
from gateway.tls.trust import TrustStore, load_trust

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping
    from datetime import datetime

    from edgecert.shared.bundle import Bundle
    from edgecert.shared.clock import Clock
    from edgecert.shared.control import SwapRequest
    from edgecert.shared.jsonvalue import JsonObject
    from gateway.tls.context import TlsContexts
    from gateway.tls.slot import ContextSlot

T = TypeVar("T")

logger = logging.getLogger(__name__)

DIRECTORY_PATIENCE: Final = 10


@dataclass(frozen=True, slots=True)
class CertificateOptions:
    """What is served: for which domains, in which order of preference, from where, and whom peers are trusted by."""

    domains: tuple[str, ...]
    preference: tuple[str, ...] = ()
    directory: str = ""
    trust_file: str = ""


class Certificates:
    """Owns the material and the slot. Its methods block on the disk: they run in the worker, one at a time.

    The assignment to the slot is the last step of each; readers in the event loop see the old set or the new one.
    """

    def __init__(self, store: MaterialStore, slot: ContextSlot, options: CertificateOptions, clock: Clock) -> None:
        """Begin with nothing in service."""
        self.slot = slot
        self.options = options
        self.faults: dict[str, str] = {}
        """What went wrong and still matters, by subject, for people."""
        self._store = store
        self._clock = clock
        self._bundles: dict[str, Bundle] = {}
        self._trust = TrustStore(())

    # --- what is there

    @property
    def serving(self) -> tuple[Bundle, ...]:
        """What is in service, in order of preference."""
        return self._ordered(self._bundles)

    @property
    def staged(self) -> tuple[StagedMaterial, ...]:
        """What waits for its date."""
        return () if self.options.directory else self._store.staged()

    def staged_of(self, name: str) -> StagedMaterial | None:
        """Give what of the lineage ``name`` waits for its date."""
        return next((item for item in self.staged if item.name == name), None)

    def reasons(self) -> tuple[str, ...]:
        """Give what a person should know of the certificates: none, expired, domains without one, faults."""
        bundles = self.serving
        if not bundles:
            return (self._why_none(), *self.faults.values())
        now = self._clock.now()
        found = [
            f"critical: {meta.name} generation {meta.generation} expired at {format_time(meta.not_after)}"
            for meta in (bundle.meta for bundle in bundles)
            if meta.not_after < now
        ]
        covered = self.slot.current.by_domain
        found += [
            f"warning: no certificate covers {domain}" for domain in self.options.domains if domain not in covered
        ]
        found += [
            f"warning: gateway.certificates names {name}, of which the gateway has nothing"
            for name in self.options.preference
            if name not in self._bundles
        ]
        return (*found, *self.faults.values())

    def _why_none(self) -> str:
        if self.options.directory:
            return f"no certificate is in service: {self.options.directory} has to hold one with its key"
        if self._bundles:
            held = ", ".join(sorted(self._bundles))
            return f"no certificate is in service: the gateway has {held}, and gateway.certificates names none of it"
        return "no certificate is in service: deploy one"

    def describe(self) -> list[JsonObject]:
        """Give the certificates as ``status`` shows them."""
        contexts = self.slot.current
        return [
            {
                "name": bundle.meta.name,
                "generation": bundle.meta.generation,
                "serial": bundle.meta.serial,
                "not_before": format_time(bundle.meta.not_before),
                "not_after": format_time(bundle.meta.not_after),
                "fingerprint_sha256": bundle.meta.fingerprint_sha256,
                "names": list(bundle.meta.names),
                "domains": list(contexts.domains_of(bundle.meta.name)),
                "held": [] if self.options.directory else list(self._store.generations(bundle.meta.name)),
            }
            for bundle in self.serving
        ]

    # --- beginning

    def load(self, *, tidy: bool = True) -> None:
        """Put into service what was in service when the gateway last ran, or what the directory holds.

        Without ``tidy`` nothing is written: no directory is made, and what a killed process left half-made stays.

        Expired material is served: it is worth more than none, and :meth:`reasons` says so. A generation that cannot
        be read is a fault, not the end.

        Raises:
            MaterialError: the trusted roots cannot be read.
            StoreError: the record of what is in service cannot be read.
        """
        self._trust = load_trust(self.options.trust_file)
        bundles: dict[str, Bundle] = {}
        if self.options.directory:
            bundles = self._load_directory_leniently()
        else:
            if tidy:
                self._store.prepare()
            for name, generation in self._store.in_service().items():
                try:
                    bundles[name] = self._store.load(name, generation)
                except EdgecertError as error:
                    self.faults[name] = f"critical: {name} generation {generation} cannot be loaded: {error.message}"
                    logger.critical("material lost", extra={"certificate": name, "why": error.message})
        self._put_in_service(bundles)

    def _load_directory_leniently(self) -> dict[str, Bundle]:
        try:
            return {bundle.meta.name: bundle for bundle in read_certificate_dir(Path(self.options.directory))}
        except EdgecertError as error:
            self.faults["certificate_dir"] = f"critical: {error.message}"
            logger.critical("certificate directory unusable", extra={"why": error.message})
            return {}

    # --- swapping

    def swap(self, request: SwapRequest) -> bool:
        """Keep the pushed generation and put it into service, or stage it; give whether it is in service now.

        Raises:
            MaterialError: it may not go into service; everything is as it was.
            StoreError: it cannot be kept; everything is as it was.
        """
        bundle, now = request.bundle, self._clock.now()
        self._verify_pushed(bundle.meta.name)
        staged = request.effective_at is not None and request.effective_at > now
        moment = request.effective_at if staged and request.effective_at is not None else now
        ending = frozenset(request.replaces) - {bundle.meta.name}
        self._verify(
            bundle,
            moment=moment,
            allow_drop=request.allow_drop,
            rollback=request.rollback,
            without=() if staged else ending,
        )
        self._store.add(bundle)
        if staged and request.effective_at is not None:
            self._store.stage(
                StagedMaterial(
                    bundle.meta.name,
                    bundle.meta.generation,
                    request.effective_at,
                    request.close_old_streams,
                    allow_drop=request.allow_drop,
                    rollback=request.rollback,
                )
            )
            return False
        self._activate(bundle, without=ending)
        return True

    def swap_held(self, name: str, generation: int | None) -> Bundle:
        """Put a generation into service that is kept here; None means the newest below the one in service.

        Raises:
            StoreError: ``no-such-lineage``, ``no-such-generation``.
            MaterialError: it may not go into service.
        """
        self._verify_pushed(name)
        self._verify_known(name)
        if generation is None:
            serving = self._bundles.get(name)
            older = [number for number in self._store.generations(name) if serving and number < serving.meta.generation]
            if not older:
                message = f"the gateway holds no generation of {name} before the one in service"
                raise StoreError(message, code="no-such-generation", hint="edgecert rollback pushes an older one")
            generation = older[-1]
        bundle = self._store.load(name, generation)
        self._verify(bundle, moment=self._clock.now(), allow_drop=False, rollback=True)
        self._activate(bundle)
        return bundle

    def stage_held(self, staged: StagedMaterial) -> Bundle:
        """Stage a generation that is kept here; it takes the place of what was staged for its lineage.

        Raises:
            StoreError: ``no-such-lineage``, ``no-such-generation``.
            MaterialError: it could not go into service at its date.
        """
        self._verify_pushed(staged.name)
        self._verify_known(staged.name)
        bundle = self._store.load(staged.name, staged.generation)
        self._verify(bundle, moment=staged.effective_at, allow_drop=False, rollback=True)
        self._store.stage(staged)
        return bundle

    def cancel_staged(self, name: str) -> bool:
        """Forget what is staged for ``name``; False if nothing was."""
        return self._store.unstage(name)

    def swap_due(self) -> tuple[tuple[StagedMaterial, EdgecertError | None], ...]:
        """Put into service what was staged until now; what may not go is forgotten and given with its fault."""
        done: list[tuple[StagedMaterial, EdgecertError | None]] = []
        now = self._clock.now()
        for staged in self.staged:
            if staged.effective_at > now:
                continue
            subject = f"staged {staged.name}"
            try:
                bundle = self._store.load(staged.name, staged.generation)
                self._verify(bundle, moment=now, allow_drop=staged.allow_drop, rollback=staged.rollback)
                self._activate(bundle)
            except EdgecertError as error:
                self._store.unstage(staged.name)
                self.faults[subject] = (
                    f"critical: generation {staged.generation} of {staged.name} was due and not taken: {error.message}"
                )
                fields = {"certificate": staged.name, "generation": staged.generation, "why": error.message}
                logger.critical("staged certificate not taken", extra=fields)
                done.append((staged, error))
                continue
            self.faults.pop(subject, None)
            done.append((staged, None))
        return tuple(done)

    def reload(self, options: CertificateOptions) -> bool:
        """Take over changed options, trust, and what the directory holds now; give whether certificates changed.

        Raises:
            MaterialError: something of it cannot be used; everything is as it was.
        """
        trust = load_trust(options.trust_file)
        bundles = dict(self._bundles)
        if options.directory:
            bundles = {bundle.meta.name: bundle for bundle in read_certificate_dir(Path(options.directory))}
            for bundle in bundles.values():
                if not self._is_serving(bundle):
                    verify_material(bundle, now=self._clock.now(), served_domains=(), others=())
        if bundles:  # all of the new set together: one may also go, or not be named any more
            verify_coverage(self._ordered(bundles, options), self._to_cover(options.domains), hint=_restart(options))
        before = [item.leaf for item in self.serving]
        if options != self.options or trust.roots != self._trust.roots or not self._are_serving(bundles):
            self._trust, self.options = trust, options
            self._put_in_service(bundles)
        self.faults.pop("certificate_dir", None)
        return before != [item.leaf for item in self.serving]

    # --- machinery

    def _verify_known(self, name: str) -> None:
        if name not in (known := self._store.lineages()):
            hint = f"it has {', '.join(known)}" if known else "deploy it first: edgecert deploy"
            raise StoreError(f"the gateway has nothing of {name}", code="no-such-lineage", hint=hint)

    def _verify_pushed(self, name: str) -> None:
        if self.options.directory:
            message = f"certificates come from {self.options.directory}, and none are pushed"
            raise MaterialError(message, code="certificate-dir", hint="empty gateway.certificate_dir to push them")
        if self.options.preference and name not in self.options.preference:
            message = f"gateway.certificates does not name {name}"
            raise MaterialError(message, code="not-configured", hint=f"add {name!r} to it, or leave the list empty")

    def _verify(
        self, bundle: Bundle, *, moment: datetime, allow_drop: bool, rollback: bool, without: Collection[str] = ()
    ) -> None:
        serving = self._bundles.get(bundle.meta.name)
        verify_material(
            bundle,
            now=moment,
            served_domains=self._to_cover(self.options.domains),
            others=[other for other in self.serving if other.meta.name not in {bundle.meta.name, *without}],
            in_service=serving.meta if serving is not None else None,
            allow_drop=allow_drop,
            rollback=rollback,
        )

    def _to_cover(self, domains: tuple[str, ...]) -> tuple[str, ...]:
        """Give the domains that a new set must cover: all at first, then those that are covered now.

        What was dropped on purpose once would else keep every later renewal out.
        """
        covered = self.slot.current.by_domain
        return tuple(domain for domain in domains if domain in covered) if self._bundles else domains

    def _is_serving(self, bundle: Bundle) -> bool:
        serving = self._bundles.get(bundle.meta.name)
        return serving is not None and serving.meta.fingerprint_sha256 == bundle.meta.fingerprint_sha256

    def _are_serving(self, bundles: Mapping[str, Bundle]) -> bool:
        return bundles.keys() == self._bundles.keys() and all(map(self._is_serving, bundles.values()))

    def _activate(self, bundle: Bundle, *, without: Collection[str] = ()) -> None:
        """Build, record, assign, in this order: a process that dies between is one that swapped, or did not."""
        name = bundle.meta.name
        kept = {key: item for key, item in self._bundles.items() if key not in without}
        bundles = {**kept, name: bundle}
        contexts = self._build(bundles)
        self._store.set_in_service({key: item.meta.generation for key, item in bundles.items()})
        self._bundles = bundles
        self.slot.swap(contexts)
        self.faults.pop(name, None)
        waited = self.staged_of(name)
        if waited is not None:
            self._store.unstage(name)
            if waited.generation != bundle.meta.generation:
                fields = {"certificate": name, "generation": waited.generation}
                logger.warning("what was staged is withdrawn by this swap", extra=fields)
        for former in without:
            if self._store.forget(former):
                logger.info("certificate replaced by its new name", extra={"certificate": former, "by": name})
        self._store.prune()

    def _put_in_service(self, bundles: Mapping[str, Bundle]) -> None:
        contexts = self._build(bundles)
        self._bundles = dict(bundles)
        self.slot.swap(contexts)

    def _build(self, bundles: Mapping[str, Bundle]) -> TlsContexts:
        return build_contexts(self._ordered(bundles), domains=self.options.domains, trust=self._trust)

    def _ordered(self, bundles: Mapping[str, Bundle], options: CertificateOptions | None = None) -> tuple[Bundle, ...]:
        preference = (options or self.options).preference or tuple(sorted(bundles))
        chosen = [bundles[name] for name in preference if name in bundles]
        now = self._clock.now()
        # One that has ended is worth more than none, and less than any other.
        return tuple(sorted(chosen, key=lambda bundle: bundle.meta.not_after <= now))


def _restart(options: CertificateOptions) -> str:
    where = f"put the pair back into {options.directory}" if options.directory else "mend gateway.certificates"
    return f"{where}; a restart takes it as it is"


async def retry_inconsistent(
    attempt: Callable[[], Awaitable[T]], *, patience: int = DIRECTORY_PATIENCE, delay: float = 1.0
) -> T:
    """Give what ``attempt`` gives; one that finds a half-written directory is made again, each second, ten times."""
    for _ in range(patience):
        try:
            return await attempt()
        except MaterialError as error:
            if error.code != "certificate-dir-inconsistent":
                raise
        await asyncio.sleep(delay)
    return await attempt()
