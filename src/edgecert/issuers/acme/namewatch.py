"""Telling who watches an order how each of its names stands: published, looked at, proven, refused and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgecert.interfaces import WatchesStandings
from edgecert.issuers.acme.problems import describe
from edgecert.shared.names import to_unicode
from edgecert.shared.words import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from edgecert.interfaces import Progress, Standing
    from edgecert.issuers.acme.wireobjects import Authorization
    from edgecert.model.challenge import Challenge
    from edgecert.shared.names import GeneralName

APART: Final = 1.0
"""The seconds between two looks at what the CA knows of each name: a person reads no faster."""


class NameWatch:
    """The names of one order; silent, and free, where nobody watches."""

    def __init__(self, progress: Progress, monotonic: Callable[[], float]) -> None:
        """Tell ``progress`` if that wants to know."""
        self._watcher = progress if isinstance(progress, WatchesStandings) else None
        self._monotonic = monotonic
        self._looked = monotonic()
        self._settled: set[str] = set()

    def ordered(self, names: Iterable[GeneralName]) -> None:
        """The order for ``names`` is there."""
        for name in names:
            self._tell(name.text, "ahead", _("ordered"))

    def publishes(self, group: Iterable[Challenge]) -> None:
        """What proves the names is being published, or looked for where a person publishes it."""
        for challenge in group:
            self._tell(challenge.name, "busy", _("{kind}: being published").format(kind=challenge.type))

    def published(self, group: Iterable[Challenge]) -> None:
        """What proves the names is there."""
        for challenge in group:
            self._tell(challenge.name, "busy", _("{kind}: published").format(kind=challenge.type))

    def looks(self, challenges: Iterable[Challenge]) -> None:
        """The CA was told to look."""
        for challenge in challenges:
            self._tell(challenge.name, "busy", _("{kind}: the CA looks at it").format(kind=challenge.type))
        self._looked = self._monotonic()

    def to_look_at(self, urls: Sequence[str]) -> list[str]:
        """Give the authorizations that are worth a look: those that can change, seldom enough, if anybody watches."""
        now = self._monotonic()
        if self._watcher is None or now - self._looked < APART:
            return []
        self._looked = now
        return [url for url in urls if url not in self._settled]

    def show(self, authorizations: Iterable[Authorization]) -> None:
        """Show what the CA says of each name; one that is still looked at stands as it did."""
        for entry in authorizations:
            if entry.status == "valid":
                self._tell(entry.name.text, "done", _("proven"))
            elif entry.status != "pending":
                reasons = "; ".join(f"{kind}: {describe(problem)}" for kind, problem in entry.errors.items())
                self._tell(entry.name.text, "failed", reasons or entry.status)
            else:
                continue
            self._settled.add(entry.url)

    def ended(self, authorizations: Iterable[Authorization]) -> None:
        """The order has failed: those that were still looked at are looked at again with the next one."""
        self.show(authorizations)
        for entry in authorizations:
            if entry.status == "pending":
                self._tell(entry.name.text, "ahead", _("the order ended before the CA had looked at it"))

    def proven(self, names: Iterable[GeneralName]) -> None:
        """The order is ready: all of its names are proven."""
        for name in names:
            self._tell(name.text, "done", _("proven"))

    def _tell(self, name: str, standing: Standing, text: str) -> None:
        if self._watcher is not None:
            self._watcher.stands(to_unicode(name), standing, text)
