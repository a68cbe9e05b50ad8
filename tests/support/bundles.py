"""Bundles for tests that store or push them: real certificates, self-signed, quickly made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from edgecert.interfaces import OpenRequest
from edgecert.shared.bundle import make_bundle
from edgecert.shared.chain import spki_sha256
from edgecert.shared.secret import Secret

if TYPE_CHECKING:
    from edgecert.interfaces import RequestState
    from edgecert.shared.bundle import Bundle

START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@cache
def a_key(number: int) -> ec.EllipticCurvePrivateKey:
    """Give a P-256 key; the same one for the same ``number``."""
    return ec.generate_private_key(ec.SECP256R1())


def a_key_pem(number: int) -> Secret:
    """Give that key in PKCS#8 PEM."""
    return Secret(a_key(number).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


@cache
def a_certificate(number: int) -> x509.Certificate:
    """Give a self-signed certificate whose serial is ``number``."""
    key = a_key(number)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sip.contoso.example")])
    names = x509.SubjectAlternativeName([x509.DNSName("sip.contoso.example"), x509.DNSName("contoso.example")])
    until = START + timedelta(days=90)
    builder = x509.CertificateBuilder(name, name, key.public_key(), number, START, until)
    return builder.add_extension(names, critical=False).sign(key, hashes.SHA256())


def a_bundle(name: str, generation: int, *, exportable: bool = True, intermediates: int = 0) -> Bundle:
    """Give the bundle of the certificate with the generation's number as its serial."""
    certificates = [a_certificate(generation), *(a_certificate(1000 + n) for n in range(intermediates))]
    return make_bundle(
        a_key_pem(generation),
        certificates,
        name=name,
        generation=generation,
        friendly_name="Contoso external edge",
        issuer_kind="local",
        exportable=exportable,
        created_at=START,
    )


def a_request(
    name: str, request_id: str, *, number: int = 1, state: RequestState = "open", exportable: bool = True, age: int = 0
) -> OpenRequest:
    """Give a request made with key ``number``, ``age`` minutes after the start of the tests' time."""
    return OpenRequest(
        id=request_id,
        lineage=name,
        state=state,
        created_at=START + timedelta(minutes=age),
        csr_pem=b"-----BEGIN CERTIFICATE REQUEST-----\n",
        spki_sha256=spki_sha256(a_key(number).public_key()),
        names=("sip.contoso.example", "contoso.example"),
        exportable=exportable,
        friendly_name="Contoso external edge",
        issuer_kind="csr",
        digest="abc",
        request_file="/tmp/edge.csr",  # noqa: S108  # a text that is stored, no file
    )
