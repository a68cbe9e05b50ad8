"""The world made equal to a flags file: only what is missing is done, so that a second run does nothing."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edgecert.interfaces import DEPLOY_AS_USUAL, SavedSettings
from edgecert.lifecycle.demand import Demand
from edgecert.lifecycle.issue import Outcome, settle_requests
from edgecert.lifecycle.parts import request_of_part
from edgecert.lifecycle.results import first_failure
from edgecert.model.sanplan import plan_sans
from edgecert.shared.errors import EdgecertError, PlanError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from edgecert.interfaces import CertificateStore, DeployOptions, Progress
    from edgecert.lifecycle.deploy import Deploying
    from edgecert.lifecycle.due import Due
    from edgecert.lifecycle.issue import Issuance
    from edgecert.lifecycle.results import TargetResult
    from edgecert.model.request import CertificateRequest, DeployTarget
    from edgecert.model.sanplan import SanPlan
    from edgecert.shared.clock import Clock


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from: the flags file and a hash of its text, both empty without one."""

    flags_file: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """How far an ``apply`` goes."""

    deploy: bool = True
    force: bool = False
    dry_run: bool = False
    repack: bool = False
    take_over: bool = False
    renew_due: bool = True
    deploying: DeployOptions = DEPLOY_AS_USUAL


@dataclass(frozen=True, slots=True)
class Applied:
    """What an ``apply`` did, or with ``dry_run`` would do, for one certificate of the plan."""

    name: str
    outcome: Outcome
    reason: str
    settings_changed: bool
    deployments: tuple[TargetResult, ...] = ()
    targets: tuple[str, ...] = ()
    error: EdgecertError | None = None


@dataclass(frozen=True, slots=True)
class Applying:
    """The use case behind ``issue`` and ``apply``."""

    store: CertificateStore
    issuance_for: Callable[[CertificateRequest], Issuance]
    deploying: Deploying
    due: Due
    clock: Clock
    progress: Progress
    lock_timeout: float

    def plan(self, request: CertificateRequest, *, repack: bool = False) -> SanPlan:
        """Plan ``request`` with the assignment that earlier plans of this lineage chose.

        Raises:
            PlanError: a finding is of severity error; every such finding is in the message.
        """
        saved = self.store.load_settings(request.certificate.name)
        plan = plan_sans(request, assignment=saved.assignment if saved else {}, repack=repack)
        if plan.errors:
            lines = [f"{finding.code}: {finding.message}" for finding in plan.errors]
            raise PlanError(
                "\n".join(lines), hint="edgecert plan shows all findings; edgecert explain CODE tells what one means"
            )
        for finding in plan.findings:
            if finding.severity == "warning":
                self.progress.warn(finding.code, finding.message, ", ".join(finding.names))
        return plan

    def apply(self, request: CertificateRequest, origin: Origin, options: ApplyOptions) -> tuple[Applied, ...]:
        """Apply ``request``: every certificate of its plan, one after the other.

        Where there are several, one that fails does not stop the others: its error is in its result.

        Raises:
            EdgecertError: the plan has errors, or its only certificate failed.
        """
        plan = self.plan(request, repack=options.repack)
        results = []
        for index in range(1, len(plan.certificates) + 1):
            settings = self.settings_of_part(request, origin, plan, index)
            try:
                results.append(self._apply_one(settings, plan, options))
            except EdgecertError as error:
                if len(plan.certificates) == 1:
                    raise
                name = settings.request.certificate.name
                results.append(Applied(name, self._unissued(name, ""), "", settings_changed=False, error=error))
        self._tell_of_lost_parts(request.certificate.name, plan)
        return tuple(results)

    def settings_of_part(self, request: CertificateRequest, origin: Origin, plan: SanPlan, index: int) -> SavedSettings:
        """Give what is saved for the ``index``-th certificate of ``plan``, counted from 1."""
        return SavedSettings(
            request=request_of_part(request, plan.certificates[index - 1], index),
            saved_at=self.clock.now(),
            flags_file=origin.flags_file,
            flags_digest=origin.digest,
            part=index,
            part_of=request.certificate.name if index > 1 else "",
            assignment=plan.assignment,
        )

    def save_settings(self, name: str, settings: SavedSettings) -> bool:
        """Keep ``settings`` if they differ from those kept; say whether they did."""
        saved = self.store.load_settings(name)
        if saved is not None and replace(saved, saved_at=settings.saved_at) == settings:
            return False
        self.store.save_settings(name, settings)
        return saved is None or saved.request != settings.request

    def _apply_one(self, settings: SavedSettings, plan: SanPlan, options: ApplyOptions) -> Applied:
        demand = Demand(settings.request, plan.certificates[settings.part - 1], plan.names)
        issuance = self.issuance_for(settings.request)
        # A dry run leaves no trace, not even the lock's file in a store that is not there yet.
        with nullcontext() if options.dry_run else self.store.lock(demand.name, self.lock_timeout):
            self._own_name(demand.name, settings)
            self._own_targets(demand.name, settings.request, options)
            return self._apply_part(issuance, demand, settings, options)

    def _apply_part(
        self, issuance: Issuance, demand: Demand, settings: SavedSettings, options: ApplyOptions
    ) -> Applied:
        name, targets = demand.name, settings.request.deploy
        reason = issuance.reason_to_issue(
            demand, renew_due=options.renew_due and self._due(name, settings), force=options.force
        )
        saved = self.store.load_settings(name)
        changed = saved is None or saved.request != settings.request
        if options.dry_run:
            if reason:
                issuance.precheck(demand, force=options.force)
            return Applied(
                name, self._unissued(name, reason), reason, changed, targets=tuple(target.name for target in targets)
            )
        self.save_settings(name, settings)
        settle_requests(self.store, name)
        self._forget_dropped_targets(name, targets)
        if reason:
            self.progress.step(f"{name}: {reason}")

            def announce(number: int) -> None:
                self.deploying.announce(name, number, targets)

            outcome = issuance.issue(demand, announce=announce if options.deploy else None, force=options.force)
        else:
            outcome = self._unissued(name, reason)
        deployments = self._deploy(name, outcome, targets, options) if options.deploy else ()
        return Applied(
            name,
            outcome,
            reason,
            changed,
            deployments,
            tuple(target.name for target in targets),
            first_failure(deployments),
        )

    def _deploy(
        self, name: str, outcome: Outcome, targets: tuple[DeployTarget, ...], options: ApplyOptions
    ) -> tuple[TargetResult, ...]:
        if outcome.bundle is not None and outcome.action == "issued":
            results = self.deploying.deploy_issued(outcome.bundle, targets, options.deploying)
            if not outcome.bundle.meta.staging_ca:
                return results
        finished = self.deploying.finish_open(name, targets, now_or_never=True, options=options.deploying)
        number = self.deploying.desired(name)
        if number is None:
            return finished
        done = {result.deployment.target for result in finished}
        others = [target for target in targets if target.name not in done]
        return (*finished, *self.deploying.ensure(self.store.load_bundle(name, number), others, options.deploying))

    def _unissued(self, name: str, reason: str) -> Outcome:
        number = self.store.current(name)
        bundle = self.store.load_bundle(name, number) if number is not None else None
        return Outcome(name, "issued" if reason else "unchanged", bundle=bundle)

    def _due(self, name: str, settings: SavedSettings) -> bool:
        number = self.store.current(name)
        if number is None:
            return True
        return self.due.decide(self.store.load_meta(name, number), settings).due

    def _forget_dropped_targets(self, name: str, targets: tuple[DeployTarget, ...]) -> None:
        state = self.store.deployments(name)
        known = {target.name for target in targets}
        if any(entry.target not in known for entry in state.targets):
            self.store.save_deployments(
                name, replace(state, targets=tuple(entry for entry in state.targets if entry.target in known))
            )

    def _own_name(self, name: str, settings: SavedSettings) -> None:
        """See that the second and later part of a plan takes no lineage that is something else."""
        saved = self.store.load_settings(name)
        if settings.part_of and saved is not None and saved.part_of != settings.part_of:
            message = f"part {settings.part} of {settings.part_of} would be called {name}, which is another certificate"
            raise UsageError(message, code="name-taken", hint=f"edgecert rename {name} NEW")

    def _tell_of_lost_parts(self, name: str, plan: SanPlan) -> None:
        planned = {certificate.name for certificate in plan.certificates}
        for other in self.store.lineages():
            settings = self.store.load_settings(other)
            if settings is not None and settings.part_of == name and other not in planned:
                message = (
                    f"{other} is no longer part of {name}, and is still renewed; to end it: edgecert remove {other}"
                )
                self.progress.warn("part-not-planned", message, other)

    def _own_targets(self, name: str, request: CertificateRequest, options: ApplyOptions) -> None:
        """See that no other lineage writes the same files; with ``take_over`` take the target away from it."""
        mine = _places(name, request)
        for other in self.store.lineages():
            settings = self.store.load_settings(other) if other != name else None
            if settings is None:
                continue
            shared = [target for place, target in _places(other, settings.request).items() if place in mine]
            if not shared:
                continue
            if not options.take_over:
                message = f"deploy target {shared[0].name} belongs to {other}: one place is written by one certificate"
                raise UsageError(
                    message, code="target-taken", hint="choose another place, or take it over with --take-over"
                )
            if not options.dry_run:
                left = tuple(target for target in settings.request.deploy if target not in shared)
                self.store.save_settings(other, replace(settings, request=replace(settings.request, deploy=left)))
                self._forget_dropped_targets(other, left)
                self.store.audit("target-taken-over", other, target=shared[0].name, by=name)


def _places(name: str, request: CertificateRequest) -> Mapping[tuple[str, ...], DeployTarget]:
    """Where a request's targets put things; a gateway has one per lineage, files one per file name."""
    places: dict[tuple[str, ...], DeployTarget] = {}
    for target in request.deploy:
        if target.kind == "gateway":
            places["gateway", target.control, name] = target
        else:
            files = {
                "pem-files": (target.cert_file, target.key_file),
                "combined": (target.combined_file,),
                "per-domain": ("*",),
            }[target.layout]
            for file in files:
                places["files", target.directory, file] = target
    return places
