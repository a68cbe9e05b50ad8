"""Certificate requests (CSR, PKCS#10, RFC 2986) built from a planned certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edgecert.shared.errors import MaterialError
from edgecert.shared.names import DnsName, IpName, to_general_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

    from edgecert.model.keys import PrivateKey
    from edgecert.model.request import Subject
    from edgecert.model.sanplan import PlannedCertificate
    from edgecert.shared.names import GeneralName

# [MS-WCCE] §2.2.2.7.7.1: szOID_ENROLL_CERTTYPE, the template's name as a BMPString.
TEMPLATE_OID: Final = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2")
# RFC 5280 appendix A.1, the upper bounds; longer values are signed by careless CAs and refused by careful peers.
_LONGEST: Final = {
    NameOID.COUNTRY_NAME: 2,
    NameOID.STATE_OR_PROVINCE_NAME: 128,
    NameOID.LOCALITY_NAME: 128,
    NameOID.ORGANIZATION_NAME: 64,
    NameOID.ORGANIZATIONAL_UNIT_NAME: 64,
    NameOID.COMMON_NAME: 64,
}
_TAG_BMP_STRING: Final = 0x1E
_SHORT_FORM: Final = 0x80


def build_csr(
    key: PrivateKey,
    planned: PlannedCertificate,
    *,
    subject: Subject,
    client_auth: bool = False,
    template: str = "",
    names_only: bool = False,
) -> x509.CertificateSigningRequest:
    """Give the signed request for ``planned``: its names in their order, all in the subjectAltName.

    The subject is the common name and what ``subject`` says; when both are empty, the subjectAltName is critical (RFC
    5280 §4.2.1.6). Key usage and extended key usage ask for a TLS server, with ``client_auth`` for a client too;
    ``template`` is the AD CS template. With ``names_only`` it is what a public CA takes: the common name, dNSName and
    iPAddress, nothing else. The signed part is the same for the same arguments, byte for byte.

    Raises:
        MaterialError: ``bad-subject`` (an attribute is too long or no country code), ``no-names-left``.
    """
    names = [entry.name for entry in planned.names]
    if names_only:
        names = [name for name in names if isinstance(name, DnsName | IpName)]
    if not names:
        message = f"the certificate {planned.name} would carry no name that this CA takes"
        raise MaterialError(message, code="no-names-left", hint="add a domain to [topology]")
    name = build_subject(planned.common_name, None if names_only else subject)
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    builder = builder.add_extension(build_san(names), critical=len(name.rdns) == 0)
    if not names_only:
        builder = builder.add_extension(build_key_usage(key.public_key()), critical=True)
        builder = builder.add_extension(build_extended_key_usage(client_auth=client_auth), critical=False)
        if template:
            extension = x509.UnrecognizedExtension(TEMPLATE_OID, _bmp_string(template))
            builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, signature_hash(key))


def build_subject(common_name: str | None, subject: Subject | None) -> x509.Name:
    """Give the distinguished name: country, state, locality, organization, unit, common name; empty parts left out.

    Raises:
        MaterialError: ``bad-subject``.
    """
    parts = [(NameOID.COMMON_NAME, common_name or "")]
    if subject is not None:
        parts = [
            (NameOID.COUNTRY_NAME, subject.country.upper()),
            (NameOID.STATE_OR_PROVINCE_NAME, subject.state),
            (NameOID.LOCALITY_NAME, subject.locality),
            (NameOID.ORGANIZATION_NAME, subject.organization),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, subject.organizational_unit),
            *parts,
        ]
    for oid, value in parts:
        if len(value) > _LONGEST[oid]:
            message = f"{value!r} is too long for a certificate's subject: {_LONGEST[oid]} characters at most"
            raise MaterialError(message, code="bad-subject", hint="shorten the entry in [subject]")
    try:
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts if value])
    except ValueError as error:
        message = f"the subject cannot be written into a certificate: {error}"
        raise MaterialError(message, code="bad-subject", hint="a country has two letters") from error


def build_san(names: Iterable[GeneralName]) -> x509.SubjectAlternativeName:
    """Give the subjectAltName of ``names`` in their order."""
    return x509.SubjectAlternativeName([to_general_name(name) for name in names])


def build_key_usage(public_key: CertificatePublicKeyTypes) -> x509.KeyUsage:
    """Give the key usage of a TLS server's key: digitalSignature, for RSA keyEncipherment too (TLS 1.2)."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=isinstance(public_key, RSAPublicKey),
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def build_extended_key_usage(*, client_auth: bool) -> x509.ExtendedKeyUsage:
    """Give the purposes: TLS server and, if asked for, TLS client."""
    usages = [ExtendedKeyUsageOID.SERVER_AUTH]
    return x509.ExtendedKeyUsage([*usages, ExtendedKeyUsageOID.CLIENT_AUTH] if client_auth else usages)


def signature_hash(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384:
    """Give the hash that goes with ``key``: SHA-384 on P-384, else SHA-256."""
    if not isinstance(key, RSAPrivateKey) and key.curve.key_size > 256:
        return hashes.SHA384()
    return hashes.SHA256()


def _bmp_string(text: str) -> bytes:
    """Give ``text`` as a DER BMPString (X.690 §8.23).

    Raises:
        MaterialError: ``bad-template``; it is too long or has characters outside the Basic Multilingual Plane.
    """
    content = text.encode("utf-16-be")
    if len(content) >= _SHORT_FORM or any(ord(character) > 0xFFFF for character in text):
        message = f"{text!r} is no AD CS template name"
        raise MaterialError(
            message, code="bad-template", hint="give the template's name (not its display name), at most 63 letters"
        )
    return bytes((_TAG_BMP_STRING, len(content))) + content
