"""What is kept of renewals beside the certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from edgecert.model.renewalstate import RenewalState


class RenewalRecords(Protocol):
    """How the renewal of each lineage stands; callers that change it hold the lineage's lock."""

    def load(self, name: str) -> RenewalState:
        """Give what is kept of ``name``; a fresh state if nothing is, or if it is damaged: that costs an attempt."""
        ...

    def save(self, name: str, state: RenewalState) -> None:
        """Keep ``state``."""
        ...
