"""The roots that this system trusts, as its distribution keeps them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography import x509

if TYPE_CHECKING:
    from collections.abc import Sequence

SYSTEM_ROOTS: Final = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # the BSDs
)
_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"
_END: Final = b"-----END CERTIFICATE-----"


def load_system_roots(files: Sequence[str] = SYSTEM_ROOTS) -> tuple[x509.Certificate, ...] | None:
    """Give the roots in the first of ``files`` that is there; None where none is.

    What cannot be read is passed over: one odd root among hundreds must not cost the others.

    Raises:
        OSError: the file may not be read.
    """
    path = next((path for name in files if (path := Path(name)).is_file()), None)
    return None if path is None else tuple(_parse_each(path.read_bytes()))


def _parse_each(pem: bytes) -> list[x509.Certificate]:
    roots: list[x509.Certificate] = []
    for block in pem.split(_END)[:-1]:
        try:
            with warnings.catch_warnings():
                # Serial number 0 of an old root is not for those to mend who only trust it.
                warnings.simplefilter("ignore")
                roots.append(x509.load_pem_x509_certificate(block[block.find(_BEGIN) :] + _END + b"\n"))
        except ValueError:
            continue
    return roots
