"""How many files the gateway may have open: each stream is one."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gateway.settings import GatewaySettings

OWN_FILES: Final = 128  # listeners, sockets, database, log, resolver, files while material is written
OUTBOUND_SHARE: Final = 2  # for each inbound stream an outbound one may be needed


def open_files_needed(settings: GatewaySettings) -> int:
    """Give how many files may be open when every limit of the configuration is reached."""
    return settings.limits.connection_limit * OUTBOUND_SHARE + OWN_FILES


def raise_open_files(settings: GatewaySettings) -> str:
    """Raise the soft limit as far as needed and allowed; give what to tell if that is not enough, or nothing."""
    needed = open_files_needed(settings)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return ""
    wanted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return describe_shortage(settings, wanted)


def describe_shortage(settings: GatewaySettings, allowed: int) -> str:
    """Give what ``allowed`` open files mean, or nothing if they are enough."""
    needed = open_files_needed(settings)
    if allowed >= needed:
        return ""
    return (
        f"this process may open {allowed} files and limits.connection_limit = {settings.limits.connection_limit}"
        f" can take {needed}: set LimitNOFILE={needed} in the unit, or lower the limit"
    )
