"""Handshakes with many listeners, sixteen at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from edgecert.shared.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.interfaces import Prober, Served

AT_A_TIME: Final = 16
PROBE_TIMEOUT: Final = 10.0


def probe_all(
    prober: Prober, places: Sequence[tuple[str, str, str]], *, timeout: float = PROBE_TIMEOUT
) -> tuple[Served | NetworkError, ...]:
    """Ask all ``places`` (address, protocol, domain) and give in their order what each serves, or why not."""

    def ask(place: tuple[str, str, str]) -> Served | NetworkError:
        try:
            return prober.probe(*place, timeout=timeout)
        except NetworkError as error:
            return error

    with ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="probe") as pool:
        return tuple(pool.map(ask, places))
