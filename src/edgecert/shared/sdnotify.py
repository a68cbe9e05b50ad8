"""Words to systemd: ready, reloading, stopping, still alive (sd_notify(3))."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgecert.shared.clock import Clock

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"
WATCHDOG: Final = "WATCHDOG=1"

_MICROSECONDS: Final = 1_000_000


def notify(state: str, environ: Mapping[str, str]) -> bool:
    """Send ``state`` (lines ``NAME=value``) to the service manager; False where there is none or it does not listen.

    Never raises: a service that cannot tell is still a service.
    """
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):  # unix(7): an abstract address begins with a null byte
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.settimeout(1.0)
            channel.sendto(state.encode(), address)
    except OSError:
        return False
    return True


def reloading(clock: Clock) -> str:
    """Give the state that says a reload began; after it :data:`READY` is due again."""
    return f"RELOADING=1\nMONOTONIC_USEC={int(clock.monotonic() * _MICROSECONDS)}"


def status(text: str) -> str:
    """Give the state that puts ``text`` (one line) beside the service in ``systemctl status``."""
    return f"STATUS={' '.join(text.split())}"


def watchdog_interval(environ: Mapping[str, str], pid: int) -> float | None:
    """Give the seconds between :data:`WATCHDOG` words (half of what is allowed), or None if none are asked for."""
    wanted_pid = environ.get("WATCHDOG_PID", str(pid))
    microseconds = environ.get("WATCHDOG_USEC", "")
    if wanted_pid != str(pid) or not microseconds.isdecimal() or int(microseconds) == 0:
        return None
    return int(microseconds) / _MICROSECONDS / 2
