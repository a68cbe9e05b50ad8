"""Taking a certificate back: held first, then revoked at its CA, its key blocked where others may know it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from edgecert.interfaces import Revoker
from edgecert.model.revocation import KEY_COMPROMISE, REASONS
from edgecert.shared.chain import spki_sha256
from edgecert.shared.clock import format_time
from edgecert.shared.errors import DeployError, EdgecertError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgecert.interfaces import CertificateStore, Progress, RevokedBy
    from edgecert.shared.bundle import Bundle, BundleMeta
    from edgecert.shared.clock import Clock


@dataclass(frozen=True, slots=True)
class Revoked:
    """What became of it; ``by`` is ``nobody`` where the CA has to be told by a person, or publishes nothing."""

    meta: BundleMeta
    reason: str
    by: RevokedBy | Literal["nobody"]
    key_blocked: bool = False
    held: tuple[int, ...] = ()
    """Every generation of the lineage that is held because of it: this one, and others with the same blocked key."""
    elsewhere: tuple[tuple[str, int], ...] = ()
    """Generations of other lineages (name, number) with the blocked key: each is to be replaced and revoked too."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """The use case, the lineage's lock held by the caller. Whatever fails, doing it again goes on with it."""

    store: CertificateStore
    ca_of: Callable[[BundleMeta], object]
    """Gives the CA that a generation is from; one that is no :class:`Revoker` cannot be told."""
    clock: Clock
    progress: Progress

    def preview(self, name: str, generation: int, reason: str) -> Revoked:
        """Say what :meth:`revoke` would do, as far as that is known without asking the CA; raises as it does."""
        bundle = self.store.load_bundle(name, generation)
        affected = self._affected(bundle, reason)
        self._refuse_in_service(name, generation, affected)
        compromised = reason == KEY_COMPROMISE
        elsewhere = self._elsewhere(bundle) if compromised else ()
        return Revoked(bundle.meta, reason, "nobody", compromised, affected, elsewhere)

    def revoke(self, name: str, generation: int, reason: str) -> Revoked:
        """Revoke a generation. What others may know is out of use before the CA is asked, whatever it answers.

        Raises:
            DeployError: ``revoke-in-service``.
            RefusedError: the CA will not.
            NetworkError: it was not reached.
        """
        planned = self.preview(name, generation, reason)
        bundle = self.store.load_bundle(name, generation)
        if planned.key_blocked:
            why = f"key compromise of {name} generation {generation}, told on {format_time(self.clock.now())}"
            self.store.blocked.block(spki_sha256(bundle.leaf.public_key()), why)
        self._hold(name, generation, planned)
        ca = self.ca_of(bundle.meta)
        done = planned
        if isinstance(ca, Revoker):
            done = replace(planned, by=ca.revoke(bundle.leaf, bundle.key, REASONS[reason]))
        self.store.audit("revoked", name, generation=generation, serial=bundle.meta.serial, reason=reason, by=done.by)
        return done

    def _affected(self, bundle: Bundle, reason: str) -> tuple[int, ...]:
        """Give the generation, and with a compromised key every other one of the lineage that has it."""
        name = bundle.meta.name
        if reason != KEY_COMPROMISE:
            return (bundle.meta.generation,)
        key = bundle.leaf.public_key()
        numbers = self.store.generations(name)
        return tuple(number for number in numbers if self.store.load_bundle(name, number).leaf.public_key() == key)

    def _elsewhere(self, bundle: Bundle) -> tuple[tuple[str, int], ...]:
        """Give the generations of other lineages with the same key; what cannot be read there is told of."""
        key, found = bundle.leaf.public_key(), []
        for name in self.store.lineages():
            for number in self.store.generations(name) if name != bundle.meta.name else ():
                try:
                    same = self.store.load_bundle(name, number).leaf.public_key() == key
                except EdgecertError as error:
                    self.progress.warn("key-not-compared", f"{name} generation {number}: {error.message}")
                    continue
                if same:
                    found.append((name, number))
        return tuple(found)

    def _refuse_in_service(self, name: str, generation: int, affected: tuple[int, ...]) -> None:
        used: dict[int, str] = {}
        for target in self.store.deployments(name).targets:
            for number in (target.wanted, target.serving):
                if number is not None:
                    used.setdefault(number, f"in service at {target.target}")
        staged = self.store.staged(name)
        if staged is not None:
            used.setdefault(staged.generation, f"staged for {format_time(staged.effective_at)}")
        for number in affected:
            if number in used:
                same = "" if number == generation else f", and has the key of generation {generation}"
                message = f"{name} generation {number} is {used[number]}{same}"
                hint = (
                    f"replace it first: edgecert renew {name} --replace-key; "
                    f"then: edgecert revoke {name} --generation {generation} --confirm {name}"
                )
                raise DeployError(message, code="revoke-in-service", hint=hint)

    def _hold(self, name: str, generation: int, planned: Revoked) -> None:
        state = self.store.deployments(name)
        reasons = dict.fromkeys(planned.held, "its key may be known to others")
        reasons[generation] = f"revoked ({planned.reason})"
        revoked = {**state.revoked, **reasons}
        self.store.save_deployments(name, replace(state, held={**state.held, **reasons}, revoked=revoked))
        self.progress.step(f"{name}: generation {', '.join(map(str, sorted(reasons)))} is never deployed again")
