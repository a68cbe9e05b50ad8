"""Keeping keys that others may know out of everything that is made or taken in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.shared.errors import MaterialError

if TYPE_CHECKING:
    from edgecert.interfaces import BlockedKeys


def verify_not_blocked(blocked: BlockedKeys, spki_sha256: str) -> None:
    """See that the key may be used.

    Raises:
        MaterialError: ``key-blocked``.
        StoreError: ``record-damaged``.
    """
    if reason := blocked.reason(spki_sha256):
        message = f"this certificate's key may be known to others and is never used again: {reason}"
        raise MaterialError(message, code="key-blocked", hint="make a new key: edgecert renew NAME --replace-key")
