"""PKCS#12 files (RFC 7292): read from whatever made them, built for whatever takes them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

from edgecert.model.keys import load_key
from edgecert.shared.errors import MaterialError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization import KeySerializationEncryption

    from edgecert.shared.bundle import Bundle
    from edgecert.shared.secret import Secret

_ROUNDS: Final = 600_000  # of PBKDF2-HMAC-SHA256
_LEGACY_ROUNDS: Final = 2_000  # what Windows Server 2008 and 2012 write themselves
_PFX: Final = (b"\x30", b"\x02\x01\x03\x30")  # RFC 7292 §4: SEQUENCE { INTEGER 3, SEQUENCE …


def is_pkcs12(data: bytes) -> bool:
    """Whether ``data`` begins as a PKCS#12 file does, in DER or in the BER that Windows writes."""
    sequence, version = _PFX
    if data[:1] != sequence or len(data) < 2:
        return False
    header = 2 + (data[1] & 0x7F if data[1] & 0x80 else 0)
    return data[header : header + len(version)] == version


def parse_pkcs12(data: bytes, password: Secret | None) -> pkcs12.PKCS12KeyAndCertificates:
    """Give what a PKCS#12 file holds, opened with ``password``; without one, files made with an empty password open.

    The old ciphers that Windows used (RC2, 3DES) are read.

    Raises:
        MaterialError: ``password-needed``, ``wrong-password`` (or the file is damaged), ``unsupported-key``.
    """
    secret = password.reveal() if password is not None else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # BER, as Windows writes it, is read all the same
            return pkcs12.load_pkcs12(data, secret)
    except UnsupportedAlgorithm as error:
        message = f"the PKCS#12 file uses an algorithm that is not supported: {error}"
        raise MaterialError(message, code="unsupported-key", hint="export it again with AES-256 and SHA-256") from error
    except (ValueError, TypeError) as error:
        if password is None:
            message = "the PKCS#12 file is protected by a password"
            raise MaterialError(
                message, code="password-needed", hint="put the password into a file and give --password-file FILE"
            ) from error
        message = "the password does not open the PKCS#12 file (or the file is damaged)"
        raise MaterialError(
            message, code="wrong-password", hint="check the password file: a blank at the end counts"
        ) from error


def build_pkcs12(bundle: Bundle, password: Secret, *, legacy: bool = False) -> bytes:
    """Give key, leaf and intermediates as one PKCS#12 file with the friendly name inside.

    Keys and certificates are encrypted with AES-256 and PBES2. ``legacy`` takes 3DES and SHA-1 instead, which Windows
    before Server 2019 needs. The file's integrity check counts few rounds in either form, so the password must be
    long and random.

    Raises:
        MaterialError: ``empty-password``, ``not-a-key``.
    """
    if not password.reveal():
        message = "a PKCS#12 file without a password would not protect its key"
        raise MaterialError(message, code="empty-password", hint="let one be generated")
    friendly_name = (bundle.meta.friendly_name or bundle.meta.name).encode()
    others = [pkcs12.PKCS12Certificate(certificate, None) for certificate in bundle.certificates[1:]]
    return pkcs12.serialize_key_and_certificates(
        friendly_name, load_key(bundle.key), bundle.leaf, others, _encryption(password, legacy=legacy)
    )


def _encryption(password: Secret, *, legacy: bool) -> KeySerializationEncryption:
    builder = PrivateFormat.PKCS12.encryption_builder()
    if legacy:
        builder = builder.kdf_rounds(_LEGACY_ROUNDS).hmac_hash(hashes.SHA1())  # noqa: S303  # what old Windows reads
        return builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).build(password.reveal())
    builder = builder.kdf_rounds(_ROUNDS).hmac_hash(hashes.SHA256())
    return builder.key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC).build(password.reveal())
