"""Renewal for ever: from the saved settings alone.

Every run first finishes what earlier runs left open, then deploys what was staged for a date that has come, then renews
what is due. One lineage that fails does not keep the others waiting.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, TypedDict

from edgecert.interfaces import DEPLOY_AS_USUAL
from edgecert.lifecycle.alarms import Happened, document_of, find_events, trouble_of
from edgecert.lifecycle.demand import Demand
from edgecert.lifecycle.issue import settle_requests
from edgecert.lifecycle.parts import planned_part
from edgecert.lifecycle.results import first_failure
from edgecert.model.renewalstate import Trouble, after_failure, of_generation
from edgecert.shared.clock import format_time
from edgecert.shared.errors import EdgecertError, ExitCode, RefusedError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from edgecert.interfaces import CertificateStore, DeployOptions, Notifier, Progress, SavedSettings
    from edgecert.lifecycle.deploy import Deploying
    from edgecert.lifecycle.due import Asking, Due
    from edgecert.lifecycle.issue import Issuance, Outcome
    from edgecert.lifecycle.results import TargetResult
    from edgecert.model.renewal import RenewalDecision
    from edgecert.model.renewalstate import RenewalState
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
    records: tuple[str, ...] = ()
    """DNS records that a person has to publish, as lines of a zone file."""
    explanation_url: str = ""
    """Where the CA says why it wants this certificate renewed (RFC 9773 §4.2)."""


@dataclass(frozen=True, slots=True)
class RenewOptions:
    """How far a run goes. ``replace_key`` is a renewal now, with a new key even where keys are kept."""

    force: bool = False
    dry_run: bool = False
    replace_key: bool = False
    deploying: DeployOptions = DEPLOY_AS_USUAL


RENEW_AS_USUAL: Final = RenewOptions()


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a run knows of a lineage when it has its lock."""

    name: str
    settings: SavedSettings
    meta: BundleMeta | None
    state: RenewalState
    decision: RenewalDecision | None

    @property
    def due(self) -> bool:
        """Whether a certificate has to be got; there is none, or it is time."""
        return self.decision is None or self.decision.due

    @property
    def due_at(self) -> datetime | None:
        """When that is, or was."""
        return self.decision.due_at if self.decision is not None else None

    @property
    def explanation_url(self) -> str:
        """What the CA says why."""
        window = self.state.window
        return window.info.explanation_url if window is not None and window.info is not None else ""


@dataclass(frozen=True, slots=True)
class Renewing:
    """The use case over all lineages of a store."""

    store: CertificateStore
    issuance_for: Callable[[SavedSettings], Issuance]
    deploying: Deploying
    targets_of: Callable[[SavedSettings], tuple[DeployTarget, ...]]
    due: Due
    asking: Asking
    clock: Clock
    progress: Progress
    lock_timeout: float
    notifier: Notifier

    def renew(self, name: str, options: RenewOptions = RENEW_AS_USUAL) -> RenewResult:
        """Do what is due for the lineage ``name``. Errors are part of the result, never raised.

        What fails is tried again later and later, but always before the certificate ends; until then the run fails with
        the same error without asking the CA. The lineage's notify command is told the first failure, each time it gets
        worse, the end of it, and of persons who have to act.
        """
        try:
            with self.store.lock(name, self.lock_timeout):
                return self._renew(name, options)
        except EdgecertError as error:
            self.progress.warn(error.code, f"{name}: {error.message}", name)
            return RenewResult(name, "failed", error=error, certificate=self._meta(name))

    def _renew(self, name: str, options: RenewOptions) -> RenewResult:
        subject = self._subject(name, dry_run=options.dry_run)
        wanted = subject.due or options.force or options.replace_key
        if options.dry_run:
            if wanted:
                demand = Demand(subject.settings.request, planned_part(subject.settings, name))
                self.issuance_for(subject.settings).precheck(demand)
            return self._said(subject, "renewed" if wanted else "not-due")
        settle_requests(self.store, name)
        deployed, fault = self._finish(name, subject.settings)
        if not wanted:
            action: RenewAction = "failed" if fault else "deployed" if deployed else "not-due"
            result = self._said(subject, action, deployed, fault)
            return self._told(subject, subject.state, result, Happened(**_deployment(result, tried=bool(deployed))))
        if self._is_backing_off(subject, options):
            return self._backed_off(subject, deployed)
        return self._attempt(subject, options, deployed)

    def _attempt(self, subject: _Subject, options: RenewOptions, deployed: tuple[TargetResult, ...]) -> RenewResult:
        name, settings = subject.name, subject.settings
        why = "asked for" if subject.due_at is None or not subject.due else f"due since {format_time(subject.due_at)}"
        self.progress.step(f"{name}: renewing ({why})")
        try:
            outcome = self.issuance_for(settings).issue(
                Demand(settings.request, planned_part(settings, name)),
                announce=lambda number: self.deploying.announce(name, number, self.targets_of(settings)),
                fresh=options.replace_key,
                new_key=options.replace_key,
                force=options.force,
            )
        except EdgecertError as error:
            return self._failed(subject, error, deployed)
        if outcome.bundle is None:
            return self._waiting(subject, outcome, deployed)
        results = self.deploying.deploy_issued(outcome.bundle, self.targets_of(settings), options.deploying)
        after = self._subject(name, dry_run=False)
        result = self._said(after, "renewed", results)
        happened = Happened(renewed=True, **_deployment(result, tried=bool(results)))
        return self._told(subject, after.state, result, happened)

    def _failed(self, subject: _Subject, error: EdgecertError, deployed: tuple[TargetResult, ...]) -> RenewResult:
        now = self.clock.now()
        left = subject.meta.not_after - now if subject.meta is not None else timedelta(0)
        seconds = error.retry_after if isinstance(error, RefusedError) else None
        wait = timedelta(seconds=seconds) if seconds is not None else None
        state = after_failure(subject.state, trouble_of(error), now=now, left=left, wait=wait)
        self.progress.warn(error.code, f"{subject.name}: {error.message}", subject.name)
        result = self._said(subject, "failed", deployed, error)
        return self._told(subject, state, result, Happened(**_deployment(result, tried=bool(deployed))))

    def _is_backing_off(self, subject: _Subject, options: RenewOptions) -> bool:
        retry_at = subject.state.retry_at
        asked_for = options.force or options.replace_key
        return not asked_for and subject.state.troubled and retry_at is not None and self.clock.now() < retry_at

    def _backed_off(self, subject: _Subject, deployed: tuple[TargetResult, ...]) -> RenewResult:
        """Fail as the last attempt did, without another one."""
        state = subject.state
        known = state.error or Trouble("renewal-failed", "the last attempt failed")
        when = f" (tried {state.failures} times; again at {format_time(state.retry_at)})" if state.retry_at else ""
        error = EdgecertError(f"{known.message}{when}", code=known.code, hint=known.hint)
        error.exit_code = ExitCode(known.exit_code)
        result = self._said(subject, "failed", deployed, error)
        return self._told(subject, state, result, Happened(**_deployment(result, tried=bool(deployed))))

    def _waiting(self, subject: _Subject, outcome: Outcome, deployed: tuple[TargetResult, ...]) -> RenewResult:
        if outcome.newly_waiting:
            self.progress.warn("waiting", f"{subject.name}: {outcome.message}", subject.name)
        result = self._said(subject, "waiting", deployed, first_failure(deployed))
        result = replace(result, newly_waiting=outcome.newly_waiting, records=outcome.records)
        happened = Happened(waits=True, newly=outcome.newly_waiting, **_deployment(result, tried=bool(deployed)))
        return self._told(subject, subject.state, result, happened)

    def _told(self, subject: _Subject, state: RenewalState, result: RenewResult, happened: Happened) -> RenewResult:
        """Keep how the renewal stands, tell people what they do not know yet, and give ``result``."""
        events, state = find_events(subject.state, state, subject.decision, happened, now=self.clock.now())
        if state != self.due.records.load(subject.name):
            self.due.records.save(subject.name, state)
        command = subject.settings.request.renewal.notify_command
        for event in events if command else ():
            self.notifier.notify(command, document_of(event, subject.name, result.certificate, result.due_at))
        return result

    def _subject(self, name: str, *, dry_run: bool) -> _Subject:
        """Look at the lineage, and ask its CA when that wants it renewed.

        Raises:
            StoreError: ``no-such-certificate``.
        """
        settings = self.store.load_settings(name)
        if settings is None:
            message = f"there is no certificate named {name}"
            raise StoreError(message, code="no-such-certificate", hint="edgecert list shows what there is")
        meta = self._meta(name)
        if meta is None:
            return _Subject(name, settings, None, of_generation(self.due.records.load(name), 0), None)
        state = self.asking.refresh(meta, settings, self.due.state(meta))
        if not dry_run and state != self.due.records.load(name):
            self.due.records.save(name, state)
        return _Subject(name, settings, meta, state, self.due.decide(meta, settings, state))

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

    def _meta(self, name: str) -> BundleMeta | None:
        number = self.store.current(name)
        return None if number is None else self.store.load_meta(name, number)

    def _said(
        self,
        subject: _Subject,
        action: RenewAction,
        results: tuple[TargetResult, ...] = (),
        fault: EdgecertError | None = None,
    ) -> RenewResult:
        return RenewResult(
            subject.name,
            action,
            subject.due_at,
            error=fault or first_failure(results),
            certificate=subject.meta,
            deployments=results,
            explanation_url=subject.explanation_url,
        )


class _Deployment(TypedDict):
    deployed: bool
    deployment: Trouble | None


def _deployment(result: RenewResult, *, tried: bool) -> _Deployment:
    failure = first_failure(result.deployments)
    return {"deployed": tried, "deployment": trouble_of(failure) if failure is not None else None}
