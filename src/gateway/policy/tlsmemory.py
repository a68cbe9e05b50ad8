"""Which partners used TLS lately: one that offers none any more may have been stripped of it on the way."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REMEMBERED: Final = timedelta(days=30)
KEPT_ANEW_AFTER: Final = timedelta(days=1)


def _keep_nothing(_domain: str, _used: datetime) -> None:
    """Be the disk of a gateway without one."""


class TlsMemory:
    """When the streams that we opened last used TLS, by partner domain; ``keep`` puts it on disk, once a day."""

    def __init__(self) -> None:
        """Know of none."""
        self._used: dict[str, datetime] = {}
        self._vanished: dict[str, datetime] = {}
        self._kept: dict[str, datetime] = {}
        self.keep: Callable[[str, datetime], None] = _keep_nothing

    def restore(self, used: Mapping[str, datetime]) -> None:
        """Take over what an earlier run kept."""
        self._used.update(used)
        self._kept.update(used)

    def note(self, domain: str, *, tls: bool, now: datetime) -> None:
        """Take note of a stream to ``domain`` that came up with TLS or without."""
        used = self._used.get(domain)
        if tls:
            self._used[domain] = now
            self._vanished.pop(domain, None)
            kept = self._kept.get(domain)
            if kept is None or now - kept >= KEPT_ANEW_AFTER:
                self._kept[domain] = now
                self.keep(domain, now)
        elif used is not None and now - used <= REMEMBERED:
            self._vanished[domain] = used

    def vanished(self, domain: str) -> datetime | None:
        """Give when ``domain`` last used TLS, if its newest stream does not; None where nothing vanished."""
        return self._vanished.get(domain)
