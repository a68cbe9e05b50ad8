"""Renewal for ever: from the saved settings alone.

Every run first finishes what earlier runs left open, then deploys what was staged for a date that has come, then renews
what is due. One lineage that fails does not keep the others waiting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from edgecert.interfaces import DEPLOY_AS_USUAL
from edgecert.lifecycle.demand import Demand
from edgecert.lifecycle.issue import settle_requests
from edgecert.lifecycle.parts import planned_part
from edgecert.lifecycle.results import first_failure
from edgecert.model.renewal import decide_renewal
from edgecert.shared.clock import format_time
from edgecert.shared.errors import EdgecertError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from edgecert.interfaces import CertificateStore, DeployOptions, Notifier, Progress, SavedSettings
    from edgecert.lifecycle.deploy import Deploying
    from edgecert.lifecycle.issue import Issuance, Outcome
    from edgecert.lifecycle.results import TargetResult
    from edgecert.model.request import DeployTarget
    from edgecert.shared.bundle import BundleMeta
    from edgecert.shared.clock import Clock

RenewAction = Literal["renewed", "not-due", "deployed", "waiting", "failed"]


@dataclass(frozen=True, slots=True)
class RenewResult:
    """What a run did for one lineage."""

    name: str
    action: RenewAction
    due_at: datetime | None = None
    error: EdgecertError | None = None
    certificate: BundleMeta | None = None
    deployments: tuple[TargetResult, ...] = ()
    newly_waiting: bool = False


@dataclass(frozen=True, slots=True)
class Renewing:
    """The use case over all lineages of a store."""

    store: CertificateStore
    issuance_for: Callable[[SavedSettings], Issuance]
    deploying: Deploying
    targets_of: Callable[[SavedSettings], tuple[DeployTarget, ...]]
    clock: Clock
    progress: Progress
    lock_timeout: float
    notifier: Notifier

    def renew(
        self, name: str, *, force: bool = False, dry_run: bool = False, options: DeployOptions = DEPLOY_AS_USUAL
    ) -> RenewResult:  # frozen
        """Do what is due for the lineage ``name``. Errors are part of the result, never raised.

        What failed, and what newly waits for a person, is told to the lineage's notify command.
        """
        try:
            with self.store.lock(name, self.lock_timeout):
                result = self._renew(name, force=force, dry_run=dry_run, options=options)
        except EdgecertError as error:
            self.progress.warn(error.code, f"{name}: {error.message}", name)
            result = RenewResult(name, "failed", error=error, certificate=self._meta(name))
        if not dry_run:
            self._notify(result)
        return result

    def _notify(self, result: RenewResult) -> None:
        settings = self.store.load_settings(result.name) if result.name in self.store.lineages() else None
        command = settings.request.renewal.notify_command if settings else ()
        if not command or not (result.error or result.newly_waiting):
            return
        meta, error = result.certificate, result.error
        self.notifier.notify(
            command,
            {
                "event": "renewal-failed" if error else "waiting",
                "name": result.name,
                "error": {"code": error.code, "message": error.message, "hint": error.hint} if error else None,
                "not_after": format_time(meta.not_after) if meta else None,
            },
        )

    def _renew(self, name: str, *, force: bool, dry_run: bool, options: DeployOptions) -> RenewResult:
        settings = self.store.load_settings(name)
        if settings is None:
            message = f"there is no certificate named {name}"
            raise StoreError(message, code="no-such-certificate", hint="edgecert list shows what there is")
        due_at, due = self._due(name, settings)
        if dry_run:
            if due or force:
                self.issuance_for(settings).precheck(Demand(settings.request, planned_part(settings, name)))
            return RenewResult(name, "renewed" if due or force else "not-due", due_at, certificate=self._meta(name))
        settle_requests(self.store, name)
        deployed, fault = self._finish(name, settings)
        if not due and not force:
            action: RenewAction = "failed" if fault else "deployed" if deployed else "not-due"
            return self._result(name, action, due_at, deployed, fault)
        self.progress.step(
            f"{name}: renewing ({'asked for' if due_at is None or not due else 'due since ' + format_time(due_at)})"
        )
        outcome = self.issuance_for(settings).issue(
            Demand(settings.request, planned_part(settings, name)),
            announce=lambda number: self.deploying.announce(name, number, self.targets_of(settings)),
        )
        return self._after_issue(name, settings, outcome, due_at, options, deployed)

    def _after_issue(  # the facts of one run
        self,
        name: str,
        settings: SavedSettings,
        outcome: Outcome,
        due_at: datetime | None,
        options: DeployOptions,
        deployed: tuple[TargetResult, ...],
    ) -> RenewResult:
        if outcome.bundle is None:
            if outcome.newly_waiting:
                self.progress.warn("waiting", f"{name}: {outcome.message}", name)
            return RenewResult(
                name,
                "waiting",
                due_at,
                error=first_failure(deployed),
                certificate=self._meta(name),
                deployments=deployed,
                newly_waiting=outcome.newly_waiting,
            )
        results = self.deploying.deploy_issued(outcome.bundle, self.targets_of(settings), options)
        return self._result(name, "renewed", self._due(name, settings)[0], results)

    def _finish(self, name: str, settings: SavedSettings) -> tuple[tuple[TargetResult, ...], EdgecertError | None]:
        """Do what is left to do with what is stored. A fault in that is no reason not to renew: it comes back."""
        targets = self.targets_of(settings)
        done: tuple[TargetResult, ...] = ()
        try:
            done = self._deploy_staged(name, targets)
            tried = {result.deployment.target for result in done}
            left = [target for target in targets if target.name not in tried]
            return (*done, *self.deploying.finish_open(name, left)), None
        except EdgecertError as error:
            self.progress.warn(error.code, f"{name}: {error.message}", name)
            return done, error

    def _deploy_staged(self, name: str, targets: tuple[DeployTarget, ...]) -> tuple[TargetResult, ...]:
        staged = self.deploying.due_staged(name)
        if staged is None:
            return ()
        try:
            bundle = self.store.load_bundle(name, staged.generation)
            self.deploying.refuse_unfit(bundle.meta, automatic=True)
        except EdgecertError as error:
            self.deploying.cancel_staged(name, targets)
            self.progress.warn(error.code, f"{error.message}; it is no longer staged", name)
            return ()
        self.progress.step(
            f"{name}: generation {staged.generation} was staged for {format_time(staged.effective_at)}: into service"
        )
        return self.deploying.deploy(bundle, targets)

    def _due(self, name: str, settings: SavedSettings) -> tuple[datetime | None, bool]:
        meta = self._meta(name)
        if meta is None:
            return None, True
        decision = decide_renewal(
            meta.not_before, meta.not_after, now=self.clock.now(), renew_before=settings.request.renewal.renew_before
        )
        return decision.due_at, decision.due

    def _meta(self, name: str) -> BundleMeta | None:
        number = self.store.current(name)
        return None if number is None else self.store.load_meta(name, number)

    def _result(
        self,
        name: str,
        action: RenewAction,
        due_at: datetime | None,
        results: tuple[TargetResult, ...],
        fault: EdgecertError | None = None,
    ) -> RenewResult:
        error = fault or first_failure(results)
        return RenewResult(name, action, due_at, error=error, certificate=self._meta(name), deployments=results)
