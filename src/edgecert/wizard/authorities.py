"""The ACME CAs that the wizard knows by name; any other directory can be typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA: its directory, the one for tests if it has one, and whether it wants an external account binding."""

    name: str
    directory: str
    staging: str = ""
    binding: bool = False


AUTHORITIES: Final = (
    Authority(
        "Let's Encrypt",
        "https://acme-v02.api.letsencrypt.org/directory",
        "https://acme-staging-v02.api.letsencrypt.org/directory",
    ),
    Authority(
        "Google Trust Services",
        "https://dv.acme-v02.api.pki.goog/directory",
        "https://dv.acme-v02.test-api.pki.goog/directory",
        binding=True,
    ),
    Authority("ZeroSSL", "https://acme.zerossl.com/v2/DV90", binding=True),
    Authority("SSL.com", "https://acme.ssl.com/sslcom-dv-rsa", binding=True),
)


def authority_of(directory: str) -> Authority | None:
    """Give the CA whose directory this is, or None."""
    return next((entry for entry in AUTHORITIES if entry.directory == directory), None)
