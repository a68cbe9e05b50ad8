"""A run over all lineages of a host, which passes by those that need nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgecert.interfaces import Seen
from edgecert.lifecycle.renew import RENEW_AS_USUAL, RenewOptions, RenewResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from edgecert.interfaces import CertificateStore, ScanRecords
    from edgecert.lifecycle.due import Due
    from edgecert.lifecycle.renew import Renewing
    from edgecert.shared.clock import Clock


@dataclass(frozen=True, slots=True)
class Scanning:
    """Renews what is due among many, by what earlier runs found of the rest."""

    store: CertificateStore
    renewing: Renewing
    due: Due
    records: ScanRecords
    clock: Clock

    def scan(self, names: Iterable[str], options: RenewOptions = RENEW_AS_USUAL) -> Iterator[RenewResult]:
        """Give what was done for each of ``names``; of what is passed by only that it is not due, and until when."""
        now = self.clock.now()
        for name in names:
            seen = None if options.force or options.replace_key else self.records.find(name)
            if seen is not None and now < seen.attend_at:
                yield RenewResult(name, "not-due", seen.due_at, not_after=seen.not_after)
                continue
            result = self.renewing.renew(name, options)
            if not options.dry_run:
                self.records.note(name, self._seen(result))
            yield result
        self.records.save()

    def _seen(self, result: RenewResult) -> Seen | None:
        """Give from when on the lineage needs attention again; None if it does so at every run."""
        name, meta = result.name, result.certificate
        if result.error is not None or meta is None or result.action not in {"not-due", "renewed", "deployed"}:
            return None
        meta = self.store.load_meta(name, self.store.current(name) or meta.generation)
        if any(entry.open for entry in self.store.deployments(name).targets):
            return None
        if any(request.state == "open" and not request.prepared for request in self.store.requests(name)):
            return None
        settings, state = self.store.load_settings(name), self.due.state(meta)
        if settings is None or state.troubled:
            return None
        decision, staged = self.due.decide(meta, settings, state), self.store.staged(name)
        times: list[datetime] = [decision.due_at]
        if state.window is not None:
            times.append(state.window.ask_again_at)
        if staged is not None:
            times.append(staged.effective_at)
        return Seen(min(times), decision.due_at, meta.not_after, settings.flags_file)
