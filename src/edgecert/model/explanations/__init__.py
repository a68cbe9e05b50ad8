"""Every code in words, offline: what ``edgecert explain CODE`` prints and the reference page lists."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from edgecert.model.explanations import (
    acme,
    config,
    deploy,
    dns,
    gateway,
    lifecycle,
    material,
    partners,
    plan,
    store,
    streams,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgecert.model.explanations.entry import Explanation

# No code is in two areas, so that their order is for readers only.
_ENTRIES: Final[Mapping[str, Explanation]] = MappingProxyType(
    {
        **plan.ENTRIES,
        **material.ENTRIES,
        **store.ENTRIES,
        **config.ENTRIES,
        **acme.ENTRIES,
        **deploy.ENTRIES,
        **dns.ENTRIES,
        **lifecycle.ENTRIES,
        **partners.ENTRIES,
        **gateway.ENTRIES,
        **streams.ENTRIES,
    }
)


def all_entries() -> Mapping[str, Explanation]:
    """Give the explanation of every code, area by area."""
    return _ENTRIES


def find(code: str) -> Explanation | None:
    """Give the explanation of ``code``, or None if there is no such code."""
    return _ENTRIES.get(code)
