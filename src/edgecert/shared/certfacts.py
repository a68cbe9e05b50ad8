"""What a certificate says of itself: the facts that chains, stores and messages are made of."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from edgecert.shared.clock import format_time
from edgecert.shared.errors import MaterialError
from edgecert.shared.names import from_certificate

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes, PublicKeyTypes


_LONGEST_NAME: Final = 300  # of what others put into a certificate, in a message


def fingerprint_sha256(certificate: x509.Certificate) -> str:
    """Give the SHA-256 of the whole certificate in lower-case hex."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def serial_hex(certificate: x509.Certificate) -> str:
    """Give the serial number in lower-case hex without colons or padding."""
    return format(certificate.serial_number, "x")


def spki_sha256(public_key: CertificatePublicKeyTypes | PublicKeyTypes) -> str:
    """Give the SHA-256 of the SubjectPublicKeyInfo (RFC 5280 §4.1) in lower-case hex: the key's own name."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return digest.finalize().hex()


def describe_name(name: x509.Name) -> str:
    """Give the common name of ``name`` if it has one, else the whole name."""
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    text = str(common[-1].value) if common else name.rfc4514_string() or "(empty name)"
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"


def describe_subject(certificate: x509.Certificate) -> str:
    """Give the name of the subject; where that is empty (RFC 5280 §4.1.2.6), the first name the certificate is for."""
    if certificate.subject.rdns:
        return describe_name(certificate.subject)
    try:
        names = from_certificate(certificate)
    except MaterialError:  # who looks at the names says what is wrong with them
        names = ()
    return names[0].text[:_LONGEST_NAME] if names else describe_name(certificate.subject)


def is_ca(certificate: x509.Certificate) -> bool:
    """Whether basicConstraints (RFC 5280 §4.2.1.9) says that this is a CA's certificate."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Whether the certificate is signed by its own key."""
    return certificate.issuer == certificate.subject and has_issued(certificate, certificate)


def has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether ``issuer``'s name and key are those that issued ``certificate``; nothing is said of dates or purposes."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def spki_or_empty(certificate: x509.Certificate) -> str:
    """Give :func:`spki_sha256` of the certificate's key, or nothing for a key of an unknown kind."""
    try:
        return spki_sha256(certificate.public_key())
    except (UnsupportedAlgorithm, ValueError):
        return ""


def verify_readable(certificate: x509.Certificate) -> None:
    """Prove that every part of ``certificate`` that is looked at later can be read: the library reads them one by one.

    Raises:
        MaterialError: ``malformed-certificate``; ``unsupported-key`` when the key is of an unknown kind.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # oddities of old CAs that are read all the same, such as serial number 0
            _ = (certificate.subject, certificate.issuer, certificate.serial_number, certificate.extensions)
            _ = (certificate.not_valid_before_utc, certificate.not_valid_after_utc, certificate.public_key())
    except UnsupportedAlgorithm as error:
        message = f"a certificate has a key of a kind that is not supported: {error}"
        raise MaterialError(message, code="unsupported-key", hint="ask for one with an RSA or ECDSA key") from error
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        message = f"a certificate is damaged: {error}"
        hint = "ask for it again; it was changed on its way or is not to RFC 5280"
        raise MaterialError(message, code="malformed-certificate", hint=hint) from error


def verify_dates(certificate: x509.Certificate, *, now: datetime) -> None:
    """Prove that ``certificate`` is valid at ``now``.

    Raises:
        MaterialError: ``expired`` or ``not-yet-valid``.
    """
    name = describe_name(certificate.subject)
    if now > certificate.not_valid_after_utc:
        message = f"the certificate {name} expired at {format_time(certificate.not_valid_after_utc)}"
        raise MaterialError(
            message, code="expired", hint="get a new certificate; if it is new, check this machine's clock"
        )
    if now < certificate.not_valid_before_utc:
        message = f"the certificate {name} is not valid before {format_time(certificate.not_valid_before_utc)}"
        raise MaterialError(
            message, code="not-yet-valid", hint="wait until then; if it is past, check this machine's clock"
        )
