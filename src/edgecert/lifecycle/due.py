"""When a lineage is due, as every verb tells it: the CA's window, the saved settings, the host's own spread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edgecert.interfaces import Informing
from edgecert.model.renewal import AUTO, decide_renewal, jitter_of
from edgecert.model.renewalinfo import ask_again, certificate_id, pick_time
from edgecert.model.renewalstate import Window, of_generation
from edgecert.shared.clock import format_time
from edgecert.shared.errors import NetworkError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgecert.interfaces import CertificateStore, Issuer, Progress, RenewalRecords, SavedSettings
    from edgecert.model.renewal import RenewalDecision
    from edgecert.model.renewalinfo import RenewalInfo
    from edgecert.model.renewalstate import RenewalState
    from edgecert.shared.bundle import BundleMeta
    from edgecert.shared.clock import Clock


@dataclass(frozen=True, slots=True)
class Due:
    """Tells when lineages are due; looks, and changes nothing."""

    store: CertificateStore
    records: RenewalRecords
    clock: Clock

    def state(self, meta: BundleMeta) -> RenewalState:
        """Give how the renewal of ``meta`` stands."""
        return of_generation(self.records.load(meta.name), meta.generation)

    def decide(
        self, meta: BundleMeta, settings: SavedSettings | None, state: RenewalState | None = None
    ) -> RenewalDecision:
        """Say whether ``meta`` is due, since when or from when, and how late that is."""
        window = (self.state(meta) if state is None else state).window
        return decide_renewal(
            meta.not_before,
            meta.not_after,
            now=self.clock.now(),
            renew_before=settings.request.renewal.renew_before if settings else AUTO,
            jitter=jitter_of(self.store.store_id, meta.name),
            picked=window.picked if window is not None else None,
        )


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks CAs when they want certificates renewed (RFC 9773), no sooner than they asked for."""

    store: CertificateStore
    issuer_for: Callable[[SavedSettings], Issuer]
    clock: Clock
    progress: Progress
    random: Callable[[], float]

    def refresh(self, meta: BundleMeta, settings: SavedSettings, state: RenewalState) -> RenewalState:
        """Give ``state`` with what the CA says now, if it is time to ask; a time once picked stays with its window.

        Only the CA of the directory that ``meta`` is from is asked. One that cannot be asked is no fault: what it said
        before counts, else the saved settings alone.
        """
        issuer, now, known = settings.request.issuer, self.clock.now(), state.window
        if issuer.kind != "acme" or not meta.directory or meta.directory != issuer.directory:
            return state
        if known is not None and now < known.ask_again_at:
            return state
        info = known.info if known is not None else None
        try:
            asked = self._ask(meta, settings)
        except (NetworkError, RefusedError) as error:
            self.progress.step(f"{meta.name}: the CA gave no renewal information: {error.message}")
            picked = known.picked if known is not None else None
            return replace(state, window=Window(meta.generation, info, picked, ask_again(None, now=now)))
        if asked is None:
            return replace(state, window=Window(meta.generation, None, None, ask_again(None, now=now)))
        picked = known.picked if known is not None else None
        if picked is None or info is None or (info.start, info.end) != (asked.start, asked.end):
            picked = pick_time(asked, fraction=self.random())
            why = f" ({asked.explanation_url})" if asked.explanation_url else ""
            self.progress.step(
                f"{meta.name}: the CA wants it renewed between {format_time(asked.start)} and "
                f"{format_time(asked.end)}{why}; picked {format_time(picked)}"
            )
        return replace(state, window=Window(meta.generation, asked, picked, ask_again(asked, now=now)))

    def _ask(self, meta: BundleMeta, settings: SavedSettings) -> RenewalInfo | None:
        issuer = self.issuer_for(settings)
        name = certificate_id(self.store.load_bundle(meta.name, meta.generation).leaf)
        return issuer.renewal_info(name) if name and isinstance(issuer, Informing) else None
