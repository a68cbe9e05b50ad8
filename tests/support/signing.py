"""A CA that a person carries CSRs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.support.pki import to_pem

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.pki import Pki


def sign(pki: Pki, csr_file: Path, *added: str) -> bytes:
    """Give what a CA answers to a CSR; one that knows better has ``added`` names."""
    csr = x509.load_pem_x509_csr(csr_file.read_bytes())
    names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if added:
        names = x509.SubjectAlternativeName([*names, *map(x509.DNSName, added)])
    moment = pki.issue(["time.example"]).cert
    certificate = (
        x509.CertificateBuilder(
            pki.intermediate.cert.subject,
            csr.subject,
            csr.public_key(),
            x509.random_serial_number(),
            moment.not_valid_before_utc,
            moment.not_valid_after_utc,
        )
        .add_extension(names, critical=False)
        .sign(pki.intermediate.key, hashes.SHA256())
    )
    return to_pem(pki.intermediate.cert) + to_pem(certificate)
