"""ACME Renewal Information (RFC 9773): the window in which a CA wants a certificate renewed."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509

if TYPE_CHECKING:
    from datetime import datetime

SOONEST: Final = timedelta(minutes=5)
LATEST: Final = timedelta(days=1)
DEFAULT: Final = timedelta(hours=6)
"""When a CA is asked again that does not say when, or could not be asked (RFC 9773 §4.3.2, §4.3.3)."""


@dataclass(frozen=True, slots=True)
class RenewalInfo:
    """What the CA says of one certificate; times aware, in UTC."""

    start: datetime
    end: datetime
    explanation_url: str = ""
    retry_after: timedelta | None = None


def certificate_id(leaf: x509.Certificate) -> str:
    """Give the name that RFC 9773 §4.1 has for ``leaf``: key identifier of its issuer, dot, serial.

    Empty for a certificate without an authority key identifier, which has no such name.
    """
    try:
        authority = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    except x509.ExtensionNotFound:
        return ""
    if authority.key_identifier is None:
        return ""
    # The content octets of the DER INTEGER: one more than the number needs where its first bit is set.
    serial = leaf.serial_number.to_bytes(leaf.serial_number.bit_length() // 8 + 1, "big")
    return f"{_base64url(authority.key_identifier)}.{_base64url(serial)}"


def pick_time(info: RenewalInfo, *, fraction: float) -> datetime:
    """Give the time in the window at ``fraction`` (0 to 1, drawn at random once) of it (RFC 9773 §4.2)."""
    return info.start + (info.end - info.start) * min(max(fraction, 0.0), 1.0)


def ask_again(info: RenewalInfo | None, *, now: datetime) -> datetime:
    """Give when the CA is asked again: as it says, within five minutes and a day; else in six hours."""
    told = info.retry_after if info is not None else None
    return now + (DEFAULT if told is None else min(max(told, SOONEST), LATEST))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
