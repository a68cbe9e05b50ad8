"""Which partners used TLS lately: one that offers none any more may have been stripped of it on the way."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

REMEMBERED: Final = timedelta(days=30)


class TlsMemory:
    """When the streams that we opened last used TLS, by partner domain, since the gateway started."""

    def __init__(self) -> None:
        """Know of none."""
        self._used: dict[str, datetime] = {}
        self._vanished: dict[str, datetime] = {}

    def note(self, domain: str, *, tls: bool, now: datetime) -> None:
        """Take note of a stream to ``domain`` that came up with TLS or without."""
        used = self._used.get(domain)
        if tls:
            self._used[domain] = now
            self._vanished.pop(domain, None)
        elif used is not None and now - used <= REMEMBERED:
            self._vanished[domain] = used

    def vanished(self, domain: str) -> datetime | None:
        """Give when ``domain`` last used TLS, if its newest stream does not; None where nothing vanished."""
        return self._vanished.get(domain)
