"""Why a certificate is revoked: the words and numbers of RFC 5280 §5.3.1 that a subscriber may say."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY_COMPROMISE: Final = "keyCompromise"
REASONS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "unspecified": 0,
        KEY_COMPROMISE: 1,
        "affiliationChanged": 3,
        "superseded": 4,
        "cessationOfOperation": 5,
    }
)
"""Reason to number. The others are for a CA to say, or are only for CRLs that take an entry back (§5.3.1)."""
