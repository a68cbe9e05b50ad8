"""Generations into service, one target at a time.

Each target is a transaction of its own. What is wanted is written down before anything is sent, so that a run that dies
is finished by the next one. A target that was sent a generation and is then seen to serve something else is given back
the generation it had.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from edgecert.interfaces import DEPLOY_AS_USUAL, Deployment, DeployOptions, Staged, TargetVerdict, Verification
from edgecert.lifecycle.results import Staging, TargetResult
from edgecert.shared.clock import format_time
from edgecert.shared.errors import DeployError, EdgecertError, MaterialError, StoreError, TargetNotRunningError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from edgecert.interfaces import CertificateStore, Deployer, Deployments, Progress
    from edgecert.model.request import DeployTarget
    from edgecert.shared.bundle import Bundle, BundleMeta
    from edgecert.shared.clock import Clock

RETRY_AFTER: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Deploying:
    """The use case: put generations of one lineage into service, the lineage's lock held by the caller."""

    store: CertificateStore
    deployer_for: Callable[[DeployTarget], Deployer]
    clock: Clock
    progress: Progress

    def refuse_unfit(self, meta: BundleMeta, *, automatic: bool, allow_staging_ca: bool = False) -> None:
        """See that ``meta`` may go into service.

        Raises:
            DeployError: codes ``revoked``, ``held``, ``expired``, ``staging-ca`` (from a test CA).
        """
        state = self.store.deployments(meta.name)
        held = state.held
        if meta.generation in state.revoked:
            message = f"{meta.name} generation {meta.generation} is out of use: {state.revoked[meta.generation]}"
            raise DeployError(message, code="revoked", hint=f"get a new one: edgecert renew {meta.name} --replace-key")
        if automatic and meta.generation in held:
            message = f"{meta.name} generation {meta.generation} is held: {held[meta.generation]}"
            raise DeployError(
                message,
                code="held",
                hint=f"deploy it by hand: edgecert deploy {meta.name} --generation {meta.generation}",
            )
        if meta.not_after <= self.clock.now():
            message = f"{meta.name} generation {meta.generation} expired on {format_time(meta.not_after)}"
            raise DeployError(message, code="expired", hint=f"get a new one: edgecert renew {meta.name} --force")
        if meta.staging_ca and (automatic or not allow_staging_ca):
            message = f"{meta.name} generation {meta.generation} comes from a test CA that nobody trusts"
            raise DeployError(message, code="staging-ca", hint="issue from the real CA first")

    def deploy(
        self, bundle: Bundle, targets: Sequence[DeployTarget], options: DeployOptions = DEPLOY_AS_USUAL
    ) -> tuple[TargetResult, ...]:  # frozen
        """Put ``bundle`` into service at each of ``targets``; one that fails does not stop the others."""
        self.unstage_for(bundle.meta, targets)
        self.announce(bundle.meta.name, bundle.meta.generation, targets)
        return tuple(self._deploy_one(bundle, target, options) for target in targets)

    def deploy_issued(
        self, bundle: Bundle, targets: Sequence[DeployTarget], options: DeployOptions = DEPLOY_AS_USUAL
    ) -> tuple[TargetResult, ...]:
        """Put what was just issued into service; what a test CA signed is kept out of it, and that is said."""
        meta = bundle.meta
        if not meta.staging_ca:
            return self.deploy(bundle, targets, options)
        if targets:
            text = f"{meta.name} generation {meta.generation} comes from a test CA that nobody trusts: not deployed"
            self.progress.warn("staging-ca", text, meta.name)
        return ()

    def announce(self, name: str, generation: int, targets: Sequence[DeployTarget]) -> None:
        """Write down that ``targets`` are to serve ``generation``, which need not be stored yet.

        Whoever announces before storing leaves no moment in which a generation is there and nobody would deploy it.
        """
        state = self.store.deployments(name)
        self.store.save_deployments(name, _wanting(state, generation, targets))

    def finish_open(
        self,
        name: str,
        targets: Sequence[DeployTarget],
        *,
        now_or_never: bool = False,
        options: DeployOptions = DEPLOY_AS_USUAL,
    ) -> tuple[TargetResult, ...]:
        """Do what earlier runs left undone: every target whose deployment is open gets the generation it should have.

        A target that failed lately is left alone until its time to retry comes, unless ``now_or_never``.
        """
        results: list[TargetResult] = []
        if not self.store.generations(name):
            return ()
        state = self.store.deployments(name)
        for target in targets:
            entry = state.find(target.name)
            if entry is None or not entry.open:
                continue
            if not now_or_never and entry.retry_after is not None and entry.retry_after > self.clock.now():
                again = f"{entry.last_error}; it is tried again after {format_time(entry.retry_after)}"
                self.progress.warn("deploy", f"{name}: {again}", target.name)
                continue
            wanted = self.desired(name)
            if wanted is None:
                self.progress.warn(
                    "nothing-to-deploy", f"{name}: no generation is fit to be deployed to {target.name}", target.name
                )
                continue
            if wanted == entry.serving:
                self._close(name, entry)
                continue
            self.progress.step(f"{name}: finishing the open deployment of generation {wanted} to {target.name}")
            results.append(self._finish_one(self.store.load_bundle(name, wanted), target, options))
        return tuple(results)

    def _finish_one(self, bundle: Bundle, target: DeployTarget, options: DeployOptions) -> TargetResult:
        """Give ``target`` what it should serve now, and again what is staged for later: a push withdraws that there."""
        self.announce(bundle.meta.name, bundle.meta.generation, [target])
        result = self._deploy_one(bundle, target, options)
        staged = self.store.staged(bundle.meta.name)
        if staged is not None and staged.generation != bundle.meta.generation and not result.deployment.open:
            self._hand_staged(self.store.load_bundle(bundle.meta.name, staged.generation), target, staged.effective_at)
        return result

    def ensure(
        self, bundle: Bundle, targets: Sequence[DeployTarget], options: DeployOptions
    ) -> tuple[TargetResult, ...]:
        """Make every target serve ``bundle``: those that are seen to serve it already are only looked at."""
        state = self.store.deployments(bundle.meta.name)
        results: list[TargetResult] = []
        for target in targets:
            entry = state.find(target.name)
            if entry is not None and not entry.open and entry.wanted == bundle.meta.generation:
                looked = self.look(bundle, target)
                if looked.deployment.verdict is not TargetVerdict.DIFFERENT:
                    results.append(looked)
                    continue
            results.extend(self.deploy(bundle, [target], options))
        return tuple(results)

    def look(self, bundle: Bundle, target: DeployTarget) -> TargetResult:
        """See what ``target`` serves, and keep what was seen."""
        started = self.clock.monotonic()
        seen = self.deployer_for(target).verify(bundle)
        entry = self.store.deployments(bundle.meta.name).find(target.name)
        entry = entry or Deployment(
            target.name, target.kind, wanted=bundle.meta.generation, serving=bundle.meta.generation
        )
        return self._record(bundle, self._seen(entry, seen), started, failed=False, verification=seen)

    def stage(
        self,
        bundle: Bundle,
        targets: Sequence[DeployTarget],
        effective_at: datetime,
        options: DeployOptions = DEPLOY_AS_USUAL,
    ) -> Staging:
        """Keep ``bundle`` for ``effective_at``, and hand it to targets that can change over alone."""
        self.store.save_staged(bundle.meta.name, Staged(bundle.meta.generation, effective_at))
        self.store.audit(
            "staged", bundle.meta.name, generation=bundle.meta.generation, effective_at=format_time(effective_at)
        )
        tried = {target.name: self._hand_staged(bundle, target, effective_at, options) for target in targets}
        refused = [error for error in tried.values() if isinstance(error, EdgecertError)]
        return Staging(tuple(name for name, handed in tried.items() if handed is True), refused[0] if refused else None)

    def _hand_staged(
        self,
        bundle: Bundle,
        target: DeployTarget,
        effective_at: datetime,
        options: DeployOptions = DEPLOY_AS_USUAL,
    ) -> bool | EdgecertError:
        """Give whether ``target`` changes over by itself; or why it refuses, told as a warning too."""
        try:
            return self.deployer_for(target).stage(bundle, effective_at, options)
        except EdgecertError as error:
            self.progress.warn(error.code, f"{error.message}; the next renew after the date deploys it", target.name)
            return False if isinstance(error, TargetNotRunningError) else error

    def cancel_staged(self, name: str, targets: Sequence[DeployTarget]) -> Staged | None:
        """Withdraw what is staged, at the targets too; give what it was, or None."""
        staged = self.store.staged(name)
        if staged is None:
            return None
        for target in targets:
            try:
                self.deployer_for(target).cancel_staged(name)
            except EdgecertError as error:
                self.progress.warn(error.code, error.message, target.name)
        self.store.save_staged(name, None)
        self.store.audit("unstaged", name, generation=staged.generation)
        return staged

    def unstage_for(self, meta: BundleMeta, targets: Sequence[DeployTarget]) -> None:
        """Cancel a staged generation that ``meta`` overtakes, and say so."""
        staged = self.store.staged(meta.name)
        if staged is None:
            return
        if staged.generation == meta.generation:
            self.store.save_staged(meta.name, None)
            return
        self.cancel_staged(meta.name, targets)
        self.progress.warn(
            "staged-cancelled",
            f"{meta.name}: generation {staged.generation}, staged for {format_time(staged.effective_at)}, "
            f"is overtaken by generation {meta.generation}",
        )

    def due_staged(self, name: str) -> Staged | None:
        """Give the staged generation whose date has come, or None."""
        staged = self.store.staged(name)
        return staged if staged is not None and staged.effective_at <= self.clock.now() else None

    def rollback(
        self, name: str, targets: Sequence[DeployTarget], *, reason: str
    ) -> tuple[Bundle, tuple[TargetResult, ...]]:
        """Hold the generation in service and put the newest fit one before it back into service.

        Raises:
            DeployError: there is no earlier generation that could serve (code ``no-earlier-generation``).
        """
        current = self.store.current(name)
        if current is None:
            message = f"{name} has no generation"
            raise StoreError(message, code="no-such-generation")
        state = self.store.deployments(name)
        serving = max((entry.serving for entry in state.targets if entry.serving is not None), default=current)
        previous = self._newest_fit(name, below=serving)
        if previous is None:
            message = f"{name} has no generation before {serving} that is valid and not held"
            raise DeployError(
                message, code="no-earlier-generation", hint=f"get a new one: edgecert renew {name} --force"
            )
        # Held and no longer wanted in one write: a run that dies after it is finished by the next renew.
        held = replace(state, held={**state.held, serving: reason})
        self.store.save_deployments(name, _wanting(held, previous, targets))
        self.store.audit("rolled-back", name, held=serving, generation=previous)
        bundle = self.store.load_bundle(name, previous)
        return bundle, self.deploy(bundle, targets, DeployOptions(rollback=True))

    def release(self, meta: BundleMeta) -> bool:
        """End the hold on a generation that a person has put into service on purpose; False if it was not held."""
        state = self.store.deployments(meta.name)
        if meta.generation not in state.held:
            return False
        left = {number: reason for number, reason in state.held.items() if number != meta.generation}
        self.store.save_deployments(meta.name, replace(state, held=left))
        self.store.audit("released", meta.name, generation=meta.generation)
        self.progress.step(f"{meta.name}: generation {meta.generation} is no longer held")
        return True

    def _deploy_one(self, bundle: Bundle, target: DeployTarget, options: DeployOptions) -> TargetResult:
        name, generation = bundle.meta.name, bundle.meta.generation
        started = self.clock.monotonic()
        deployer = self.deployer_for(target)
        entry = self.store.deployments(name).find(target.name) or Deployment(
            target.name, target.kind, wanted=generation
        )
        lower = entry.serving is not None and entry.serving > generation
        told = replace(options, rollback=options.rollback or lower, replaces=self.store.former_names(name))
        try:
            deployer.push(bundle, told)
        except TargetNotRunningError as error:
            self.progress.warn(
                "not-running",
                f"{error.message}; the next renew or apply finishes this deployment",
                target.name,
            )
            entry = replace(entry, verdict=TargetVerdict.NOT_RUNNING, last_error=error.message, retry_after=None)
            return self._record(bundle, entry, started, failed=False)
        except EdgecertError as error:  # whatever it is, it is this target's: the others go on
            result = self._record(bundle, self._failed(entry, error.message), started, failed=True)
            return replace(result, error=error)
        self.progress.step(f"{name}: generation {generation} handed to {target.name}")
        seen = deployer.verify(bundle)
        if seen.verdict is TargetVerdict.DIFFERENT:
            return self._go_back(bundle, entry, deployer, seen, started)
        served = replace(self._seen(entry, seen), serving=generation, retry_after=None, last_error=seen.error)
        self.store.audit("deployed", name, target=target.name, generation=generation, verdict=seen.verdict.value)
        if seen.verdict is not TargetVerdict.SAME:
            self.progress.warn(
                "unverified",
                f"what is served could not be seen: {seen.error or 'no address to verify'}",
                target.name,
            )
        return self._record(bundle, served, started, failed=False, verification=seen)

    def _go_back(
        self, bundle: Bundle, entry: Deployment, deployer: Deployer, seen: Verification, started: float
    ) -> TargetResult:
        """Give the target back what it had: it took the new generation and serves something else."""
        served = seen.served_fingerprint_sha256[:16]
        what = f"generation {bundle.meta.generation} was handed over, but another certificate is served ({served}…)"
        back = self._previous(bundle.meta, entry)
        if back is not None:
            try:
                deployer.push(back, DeployOptions(rollback=True, allow_drop=True))
                what += f"; generation {back.meta.generation} is back in service"
            except EdgecertError as error:
                what += f"; going back to generation {back.meta.generation} failed too: {error.message}"
        self.store.audit("deploy-failed", bundle.meta.name, target=entry.target, generation=bundle.meta.generation)
        failed = self._failed(self._seen(entry, seen), what)
        return self._record(bundle, failed, started, failed=True, verification=seen)

    def _previous(self, meta: BundleMeta, entry: Deployment) -> Bundle | None:
        if entry.serving is None or entry.serving == meta.generation:
            return None
        try:
            previous = self.store.load_meta(meta.name, entry.serving)
            self.refuse_unfit(previous, automatic=True)
            return self.store.load_bundle(meta.name, entry.serving)
        except (StoreError, DeployError, MaterialError):
            return None

    def desired(self, name: str) -> int | None:
        """Give the generation that should serve now: the newest fit one, not held, not staged for later; or None."""
        staged = self.store.staged(name)
        for number in reversed(self.store.generations(name)):
            if staged is not None and staged.generation == number and staged.effective_at > self.clock.now():
                continue
            try:
                self.refuse_unfit(self.store.load_meta(name, number), automatic=True)
            except DeployError:
                continue
            return number
        return None

    def _newest_fit(self, name: str, *, below: int) -> int | None:
        for number in reversed(self.store.generations(name)):
            if number >= below:
                continue
            try:
                self.refuse_unfit(self.store.load_meta(name, number), automatic=True)
            except DeployError:
                continue
            return number
        return None

    def _seen(self, entry: Deployment, seen: Verification) -> Deployment:
        return replace(
            entry,
            verdict=seen.verdict,
            served_fingerprint_sha256=seen.served_fingerprint_sha256,
            verified_at=self.clock.now(),
        )

    def _close(self, name: str, entry: Deployment) -> None:
        """End an open deployment whose generation is no longer wanted: the target serves what it should."""
        state = self.store.deployments(name)
        others = tuple(kept for kept in state.targets if kept.target != entry.target)
        closed = replace(
            entry, wanted=entry.serving if entry.serving is not None else entry.wanted, last_error="", retry_after=None
        )
        self.store.save_deployments(name, replace(state, targets=(*others, closed)))

    def _failed(self, entry: Deployment, message: str) -> Deployment:
        return replace(entry, last_error=message, retry_after=self.clock.now() + RETRY_AFTER)

    def _record(
        self,
        bundle: Bundle,
        entry: Deployment,
        started: float,
        *,
        failed: bool,
        verification: Verification | None = None,
    ) -> TargetResult:
        state = self.store.deployments(bundle.meta.name)
        others = tuple(kept for kept in state.targets if kept.target != entry.target)
        self.store.save_deployments(bundle.meta.name, replace(state, targets=(*others, entry)))
        elapsed = round((self.clock.monotonic() - started) * 1000)
        return TargetResult(entry, bundle.meta, elapsed, failed, verification)


def _wanting(state: Deployments, generation: int, targets: Sequence[DeployTarget]) -> Deployments:
    kept = {entry.target: entry for entry in state.targets}
    for target in targets:
        before = kept.get(target.name) or Deployment(target.name, target.kind, wanted=generation)
        kept[target.name] = replace(before, kind=target.kind, wanted=generation)
    return replace(state, targets=tuple(kept.values()))
