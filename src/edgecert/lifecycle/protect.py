"""Which generations must not be taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgecert.interfaces import CertificateStore


def protected_generations(store: CertificateStore, name: str) -> frozenset[int]:
    """Give the generations of ``name`` that are in service, wanted, staged or current."""
    numbers: set[int | None] = {store.current(name)}
    for entry in store.deployments(name).targets:
        numbers |= {entry.serving, entry.wanted}
    if (staged := store.staged(name)) is not None:
        numbers.add(staged.generation)
    return frozenset(number for number in numbers if number is not None)
