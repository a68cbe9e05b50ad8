"""Certificates out of whatever file a CA or a colleague sent.

Reads PEM in any order and amid other text, DER, PKCS#7 as PEM or DER (also under the label ``CERTIFICATE``, as AD CS
web enrolment saves it), UTF-16 as Windows editors save it, and bare base64. What holds no certificate is refused by
what it is.
"""

from __future__ import annotations

import base64
import binascii
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import pkcs7

from edgecert.shared.certfacts import verify_readable
from edgecert.shared.errors import MaterialError

if TYPE_CHECKING:
    from collections.abc import Sequence

_BEGIN: Final = re.compile(rb"-----BEGIN ([A-Z0-9 #]+)-----")
_CERTIFICATE_LABELS: Final = frozenset({b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE"})
_PKCS7_LABELS: Final = frozenset({b"PKCS7", b"CMS", b"PKCS #7 SIGNED DATA"})
_REQUEST_LABELS: Final = frozenset({b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST"})
_DER_SEQUENCE: Final = 0x30
_UNREADABLE: Final = (ValueError, UnsupportedAlgorithm, x509.InvalidVersion)


@dataclass(frozen=True, slots=True)
class PemBlock:
    """One PEM block: its label, the DER inside, and the block as it stands."""

    label: bytes
    der: bytes
    text: bytes

    @property
    def is_private_key(self) -> bool:
        """Whether the label says that this is a private key."""
        return self.label.endswith(b"PRIVATE KEY")


def parse_certificates(data: bytes) -> tuple[x509.Certificate, ...]:
    """Give all certificates in ``data``, in the order found, each once.

    Raises:
        MaterialError: there is none. ``empty-file``, ``truncated-pem``, ``html-instead-of-certificate``,
            ``request-instead-of-certificate``, ``key-instead-of-certificate``, ``malformed-certificate``,
            ``not-a-certificate``. One of them cannot be used: ``malformed-certificate``, ``unsupported-key``.
    """
    text = decode_text(data)
    if not text.strip():
        message = "the file is empty"
        raise MaterialError(message, code="empty-file", hint="save the CA's answer again")
    blocks = parse_pem_blocks(text)
    certificates = dict.fromkeys(_from_blocks(blocks) if blocks else _from_der(_der_of(text)))
    for certificate in certificates:
        verify_readable(certificate)
    return tuple(certificates)


def decode_text(data: bytes) -> bytes:
    """Give ``data`` with a byte-order mark taken away and UTF-16, which Windows tools write, turned into ASCII."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace").encode("ascii", "replace")
    return data


def parse_pem_blocks(text: bytes) -> tuple[PemBlock, ...]:
    """Give every PEM block in ``text`` in order, none if there is none; text between blocks is skipped (RFC 7468 §2).

    Raises:
        MaterialError: ``truncated-pem``; a block begins and does not end, or its inside is no base64.
    """
    blocks = []
    at = 0
    while (begin := _BEGIN.search(text, at)) is not None:
        label = begin[1]
        end_line = b"-----END " + label + b"-----"
        end = text.find(end_line, begin.end())
        body = text[begin.end() : end]
        if end < 0 or _BEGIN.search(body):
            message = "the file is cut off: a PEM block begins and does not end"
            raise MaterialError(message, code="truncated-pem", hint="copy the whole text again, to the last hyphen")
        at = end + len(end_line)
        blocks.append(PemBlock(label, _inside(body, label), text[begin.start() : at]))
    return tuple(blocks)


def _inside(body: bytes, label: bytes) -> bytes:
    if b":" in body:  # RFC 1421 headers, as in encrypted PKCS#1 keys, end at an empty line
        body = re.split(rb"\r?\n[ \t]*\r?\n", body, maxsplit=1)[-1]
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except binascii.Error as error:
        message = f"the PEM block {label.decode()} is damaged: its inside is no base64"
        raise MaterialError(
            message, code="truncated-pem", hint="copy the whole text again, to the last hyphen"
        ) from error


def _from_blocks(blocks: Sequence[PemBlock]) -> list[x509.Certificate]:
    certificates: list[x509.Certificate] = []
    for block in blocks:
        if block.label in _PKCS7_LABELS or block.label in _CERTIFICATE_LABELS:
            certificates += _from_der(block.der, auxiliary=block.label == b"TRUSTED CERTIFICATE")
    if not certificates:
        raise _without_certificate(blocks)
    return certificates


def _without_certificate(blocks: Sequence[PemBlock]) -> MaterialError:
    if any(block.label in _REQUEST_LABELS for block in blocks):
        return _request_instead()
    if any(block.is_private_key for block in blocks):
        message = "the file holds a private key and no certificate"
        return MaterialError(message, code="key-instead-of-certificate", hint="give the file that the CA sent")
    labels = ", ".join(sorted({block.label.decode() for block in blocks}))
    message = f"the file holds no certificate, only: {labels}"
    return MaterialError(message, code="not-a-certificate", hint="give the file that the CA sent")


def _request_instead() -> MaterialError:
    message = "this is a certificate request (CSR), not the certificate made from it"
    return MaterialError(
        message, code="request-instead-of-certificate", hint="send the request to the CA and import what it answers"
    )


def _der_of(text: bytes) -> bytes:
    """Give the DER that ``text`` is or, as bare base64, stands for."""
    if text[0] == _DER_SEQUENCE and len(text) > 1 and (text[1] & 0x80 or len(text) == text[1] + 2):
        return text
    if re.search(rb"<\s*(!doctype|html|head|body|pre)\b", text[:4096], re.IGNORECASE):
        message = "this is a web page, not a certificate"
        raise MaterialError(
            message, code="html-instead-of-certificate", hint="use the page's download link, not the browser's Save As"
        )
    try:
        der = base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        der = b""
    if der[:1] == bytes([_DER_SEQUENCE]):
        return der
    raise _not_a_certificate()


def _not_a_certificate() -> MaterialError:
    message = "the file is no certificate in any form that is known: PEM, DER, PKCS#7 or PKCS#12"
    return MaterialError(message, code="not-a-certificate", hint="give the file that the CA sent, unchanged")


def _from_der(der: bytes, *, auxiliary: bool = False) -> list[x509.Certificate]:
    """Give the certificates of a DER certificate or PKCS#7 (RFC 2315 §9); if ``auxiliary``, more may follow it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # BER, as Windows writes it, and oddities of old CAs are read all the same
        try:
            return [x509.load_der_x509_certificate(_first_element(der) if auxiliary else der)]
        except _UNREADABLE as error:
            reason = error
        try:
            certificates = pkcs7.load_der_pkcs7_certificates(der)
        except _UNREADABLE:
            certificates = []
    if certificates:
        return certificates
    raise _what_der_is(der, reason)


def _what_der_is(der: bytes, reason: Exception) -> MaterialError:
    try:
        x509.load_der_x509_csr(der)
    except _UNREADABLE:
        pass
    else:
        return _request_instead()
    if _looks_like_certificate(der):
        message = f"the certificate is damaged: {reason}"
        return MaterialError(
            message,
            code="malformed-certificate",
            hint="ask for it again; it was changed on its way or is not to RFC 5280",
        )
    return _not_a_certificate()


def _looks_like_certificate(der: bytes) -> bool:
    """Whether ``der`` begins as certificates do: a SEQUENCE in a SEQUENCE, then a version or a serial number."""
    inside = der[_header_length(der) :]
    return inside[:1] == b"\x30" and inside[_header_length(inside) :][:1] in {b"\xa0", b"\x02"}


def _header_length(der: bytes) -> int:
    if len(der) < 2 or not der[1] & 0x80:
        return 2
    return 2 + (der[1] & 0x7F)


def _first_element(der: bytes) -> bytes:
    header = _header_length(der)
    length = int.from_bytes(der[2:header], "big") if header > 2 else der[1]
    return der[: header + length]
