"""The doctor: what is wrong, the first wrong thing first, with the command that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from edgecert.interfaces import TargetVerdict
from edgecert.model.findings import Severity
from edgecert.shared.chain import verify_chain_order, verify_key_matches
from edgecert.shared.clock import format_time
from edgecert.shared.errors import EdgecertError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edgecert.interfaces import CertificateStore, SavedSettings
    from edgecert.lifecycle.deploy import Deploying
    from edgecert.lifecycle.due import Due
    from edgecert.shared.bundle import BundleMeta
    from edgecert.shared.clock import Clock


class CheckVerdict(IntEnum):
    """How bad it is; the numbers are those of Nagios."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One thing that was looked at."""

    subject: str
    check: str
    verdict: CheckVerdict
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Checking:
    """The use case: look, change nothing but what was seen of the targets."""

    store: CertificateStore
    deploying: Deploying
    due: Due
    flags_file_changed: Callable[[SavedSettings], bool]
    clock: Clock

    def check(self, name: str) -> tuple[CheckResult, ...]:
        """Look at the lineage ``name``: certificate, renewal, requests, settings, then what each target serves."""
        number = self.store.current(name)
        if number is None:
            waiting = any(request.state == "open" for request in self.store.requests(name))
            hint = "edgecert import ANSWER" if waiting else "edgecert apply -c FILE"
            message = "waits for the CA's answer" if waiting else "there is no certificate"
            return (CheckResult(name, "certificate", CheckVerdict.WARNING, message, hint),)
        meta = self.store.load_meta(name, number)
        results = [self._material(meta), self._validity(meta)]
        results += self._requests(name)
        settings = self.store.load_settings(name)
        if settings is not None:
            results += self._settings(name, settings)
            results += self._targets(meta, settings)
        return tuple(results)

    def _material(self, meta: BundleMeta) -> CheckResult:
        try:
            bundle = self.store.load_bundle(meta.name, meta.generation)
            verify_key_matches(bundle.key, bundle.leaf)
            verify_chain_order(bundle.certificates)
        except EdgecertError as error:
            return CheckResult(meta.name, "material", CheckVerdict.CRITICAL, error.message, error.hint)
        return CheckResult(meta.name, "material", CheckVerdict.OK, f"generation {meta.generation}: key, chain good")

    def _validity(self, meta: BundleMeta) -> CheckResult:
        now = self.clock.now()
        settings = self.store.load_settings(meta.name)
        state = self.due.state(meta)
        decision = self.due.decide(meta, settings, state)
        hint = f"edgecert renew {meta.name}"
        days = (meta.not_after - now).days
        if meta.not_after <= now:
            message = f"expired on {format_time(meta.not_after)}"
            return CheckResult(meta.name, "validity", CheckVerdict.CRITICAL, message, f"{hint} --force")
        message = f"valid until {format_time(meta.not_after)} ({days} days), renews on {format_time(decision.due_at)}"
        if state.error is not None:
            message += f"; it failed {state.failures} times, last: {state.error.message}"
            hint = state.error.hint or hint
        if decision.overdue is Severity.ERROR:
            return CheckResult(meta.name, "validity", CheckVerdict.CRITICAL, f"renewal is overdue: {message}", hint)
        if decision.overdue is Severity.WARNING or state.troubled:
            late = "renewal is overdue" if decision.overdue else "renewal fails"
            return CheckResult(meta.name, "validity", CheckVerdict.WARNING, f"{late}: {message}", hint)
        return CheckResult(meta.name, "validity", CheckVerdict.OK, message)

    def _requests(self, name: str) -> Iterator[CheckResult]:
        for request in self.store.requests(name):
            if request.state == "open" and request.prepared:
                message = f"the next key is prepared since {format_time(request.created_at)}"
                yield CheckResult(name, "next-key", CheckVerdict.OK, message)
            elif request.state == "open":
                message = f"request {request.id} is open since {format_time(request.created_at)}"
                carried = request.issuer_kind == "csr"
                hint = (
                    "edgecert import ANSWER" if carried else f"apply again, or: edgecert request --cancel {request.id}"
                )
                yield CheckResult(name, "request", CheckVerdict.WARNING, message, hint)

    def _settings(self, name: str, settings: SavedSettings) -> Iterator[CheckResult]:
        if self.flags_file_changed(settings):
            message = f"{settings.flags_file} has changed since it was applied"
            yield CheckResult(
                name, "settings", CheckVerdict.WARNING, message, f"edgecert apply -c {settings.flags_file}"
            )

    def _targets(self, meta: BundleMeta, settings: SavedSettings) -> Iterator[CheckResult]:
        wanted = self.deploying.desired(meta.name)
        if wanted is None:
            return
        bundle = self.store.load_bundle(meta.name, wanted)
        for target in settings.request.deploy:
            seen = self.deploying.deployer_for(target).verify(bundle)
            subject = f"{meta.name} at {target.name}"
            hint = f"edgecert deploy {meta.name} --target {target.name}"
            match seen.verdict:
                case TargetVerdict.SAME:
                    count = len(seen.listeners)
                    message = f"serves generation {wanted}, seen in {count} handshake{'' if count == 1 else 's'}"
                    yield CheckResult(subject, "served", CheckVerdict.OK, message)
                case TargetVerdict.DIFFERENT:
                    served = seen.served_fingerprint_sha256[:16]
                    message = f"serves another certificate ({served}…) than generation {wanted}"
                    yield CheckResult(subject, "served", CheckVerdict.CRITICAL, message, hint)
                case TargetVerdict.NOT_RUNNING:
                    yield CheckResult(
                        subject, "served", CheckVerdict.CRITICAL, f"not running: {seen.error}", "start it"
                    )
                case TargetVerdict.UNVERIFIED:
                    message = f"what it serves was not seen: {seen.error or 'it has no address to verify'}"
                    yield CheckResult(subject, "served", CheckVerdict.WARNING, message, "add verify addresses")
