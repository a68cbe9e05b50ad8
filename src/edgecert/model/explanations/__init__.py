"""Every code in words, offline: what ``edgecert explain CODE`` prints and the reference page lists."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgecert.model.explanations.entry import Explanation

AREAS: Final = ("plan", "material", "store", "config", "deploy", "lifecycle", "gateway")


@cache
def all_entries() -> Mapping[str, Explanation]:
    """Give the explanation of every code, in the order of the areas."""
    entries: dict[str, Explanation] = {}
    for area in AREAS:
        try:
            entries.update(import_module(f"{__name__}.{area}").ENTRIES)
        except ModuleNotFoundError:
            continue
    return MappingProxyType(entries)


def find(code: str) -> Explanation | None:
    """Give the explanation of ``code``, or None if there is no such code."""
    return all_entries().get(code)
