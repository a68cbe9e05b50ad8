"""The certificates of the local CA, built from values: root, intermediate, leaf."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from edgecert.model.csr import build_extended_key_usage, build_key_usage, signature_hash
from edgecert.shared.chain import spki_sha256

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import (
        CertificateIssuerPublicKeyTypes,
        CertificatePublicKeyTypes,
    )

    from edgecert.issuers.constraints import Constraints
    from edgecert.model.keys import PrivateKey

ROOT_LIFE: Final = timedelta(days=3652)
INTERMEDIATE_LIFE: Final = timedelta(days=730)
# Clocks of partners are wrong by minutes, so a certificate begins before it is made.
BACKDATED: Final = timedelta(hours=1)
_ORGANIZATION: Final = "edgecert local CA"
_LABEL_LENGTH: Final = 40
_KEY_ID_LENGTH: Final = 8


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA certificate with its private key: what can sign."""

    certificate: x509.Certificate
    key: PrivateKey


def build_root(
    key: PrivateKey,
    *,
    label: str,
    now: datetime,
    like: x509.Certificate | None = None,
    limits: Constraints | None = None,
) -> x509.Certificate:
    """Give a self-signed root for 10 years, path length 1, named after ``label`` and its key.

    With ``like``, an existing root of the same key, the new one has its subject and dates: whoever trusts either
    accepts the same chains, as far as ``limits`` permit.
    """
    subject = like.subject if like is not None else _ca_name(label, "root", key.public_key())
    begin = like.not_valid_before_utc if like is not None else _whole_second(now) - BACKDATED
    end = like.not_valid_after_utc if like is not None else begin + BACKDATED + ROOT_LIFE
    builder = _start(subject, subject, key.public_key(), begin, end)
    builder = _as_ca(builder, path_length=1, limits=limits)
    return _sign(builder, key, key.public_key(), key)


def build_intermediate(
    root: Authority, key: PrivateKey, *, label: str, now: datetime, limits: Constraints | None
) -> x509.Certificate:
    """Give an intermediate below ``root`` for two years (never beyond it), for TLS only, limited to ``limits``."""
    begin = _whole_second(now) - BACKDATED
    end = min(begin + BACKDATED + INTERMEDIATE_LIFE, root.certificate.not_valid_after_utc)
    subject = _ca_name(label, "issuing", key.public_key())
    builder = _start(root.certificate.subject, subject, key.public_key(), begin, end)
    builder = _as_ca(builder, path_length=0, limits=limits)
    builder = builder.add_extension(build_extended_key_usage(client_auth=True), critical=False)
    return _sign(builder, key, root.key.public_key(), root.key)


def build_leaf(
    issuer: Authority,
    csr: x509.CertificateSigningRequest,
    *,
    now: datetime,
    validity: timedelta,
    client_auth: bool,
) -> x509.Certificate:
    """Give the certificate for ``csr``: its key, subject and subjectAltName, our own dates and purposes.

    Nothing else of the request is taken over. The caller has proven the request and its names.
    """
    begin = _whole_second(now) - BACKDATED
    end = min(begin + BACKDATED + validity, issuer.certificate.not_valid_after_utc)
    san = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    public_key = csr.public_key()
    builder = _start(issuer.certificate.subject, csr.subject, public_key, begin, end)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(build_key_usage(public_key), critical=True)
    builder = builder.add_extension(build_extended_key_usage(client_auth=client_auth), critical=False)
    builder = builder.add_extension(san, critical=not csr.subject.rdns)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False
    )
    return builder.sign(issuer.key, signature_hash(issuer.key))


def _start(
    issuer: x509.Name, subject: x509.Name, public_key: CertificatePublicKeyTypes, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(issuer_name=issuer, subject_name=subject, public_key=public_key)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(begin).not_valid_after(end)


def _as_ca(
    builder: x509.CertificateBuilder, *, path_length: int, limits: Constraints | None
) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    builder = builder.add_extension(usage, critical=True)
    return builder if limits is None else builder.add_extension(limits.to_extension(), critical=True)


def _sign(
    builder: x509.CertificateBuilder, key: PrivateKey, issuer_key: CertificateIssuerPublicKeyTypes, signer: PrivateKey
) -> x509.Certificate:
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    return builder.sign(signer, signature_hash(signer))


def _ca_name(label: str, role: str, public_key: CertificatePublicKeyTypes) -> x509.Name:
    """Give a subject that no other CA has: two organisations that trust each other hold both roots in one file."""
    common = f"{label[:_LABEL_LENGTH]} {role} {spki_sha256(public_key)[:_KEY_ID_LENGTH]}"
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANIZATION), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def _whole_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
