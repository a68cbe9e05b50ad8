"""Private keys: made, written, read and described."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from edgecert.shared.errors import MaterialError
from edgecert.shared.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

PrivateKey: TypeAlias = RSAPrivateKey | EllipticCurvePrivateKey

_PUBLIC_EXPONENT: Final = 65537
_RSA_BITS: Final = (2048, 3072, 4096)
_CURVES: Final[dict[int, type[ec.EllipticCurve]]] = {256: ec.SECP256R1, 384: ec.SECP384R1}


def generate_key(algorithm: str, bits: int) -> PrivateKey:
    """Give a new private key: ``rsa`` of 2048, 3072 or 4096 bits, ``ecdsa`` on P-256 or P-384.

    Raises:
        MaterialError: ``unsupported-key``; no such algorithm or length.
    """
    if algorithm == "rsa" and bits in _RSA_BITS:
        return rsa.generate_private_key(public_exponent=_PUBLIC_EXPONENT, key_size=bits)
    if algorithm == "ecdsa" and bits in _CURVES:
        return ec.generate_private_key(_CURVES[bits]())
    message = f"there is no key of algorithm {algorithm!r} with {bits} bits"
    raise MaterialError(message, code="unsupported-key", hint="choose rsa 2048, 3072 or 4096, or ecdsa 256 or 384")


class SystemKeySource:
    """Makes keys from the system's randomness; implements :class:`edgecert.interfaces.KeySource`."""

    def generate(self, algorithm: str, bits: int) -> PrivateKey:
        """Give a new private key, as :func:`generate_key` does."""
        return generate_key(algorithm, bits)


def key_to_pem(key: PrivateKey) -> Secret:
    """Give ``key`` as unencrypted PKCS#8 PEM (RFC 5958, RFC 7468 §10)."""
    return Secret(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def load_key(pem: Secret) -> PrivateKey:
    """Give the private key that unencrypted ``pem`` holds (PKCS#8, PKCS#1 or SEC 1).

    Raises:
        MaterialError: ``encrypted-key`` (a password is needed), ``unsupported-key`` (neither RSA nor ECDSA),
            ``not-a-key``.
    """
    return load_encrypted_key(pem, password=None)


def load_encrypted_key(pem: Secret, *, password: Secret | None) -> PrivateKey:
    """Give the private key that ``pem`` holds, decrypted with ``password`` if it is encrypted.

    A password for a key that is not encrypted is not needed and not used.

    Raises:
        MaterialError: as :func:`load_key`, and ``wrong-password``.
    """
    data = pem.reveal()
    encrypted = b"ENCRYPTED" in data
    if encrypted and password is None:
        message = "the private key is encrypted and no password was given"
        raise MaterialError(message, code="encrypted-key", hint="give the password with --password-file")
    try:
        key = load_pem_private_key(data, password.reveal() if encrypted and password is not None else None)
    except UnsupportedAlgorithm as error:
        message = "the private key is of a kind that is not supported"
        raise MaterialError(message, code="unsupported-key", hint="use an RSA or ECDSA key") from error
    except (ValueError, TypeError) as error:
        if encrypted:
            message = "the password does not open the private key"
            raise MaterialError(
                message, code="wrong-password", hint="check the file given with --password-file"
            ) from error
        message = "this is no private key in PEM form"
        raise MaterialError(
            message, code="not-a-key", hint="a key file begins with -----BEGIN PRIVATE KEY-----"
        ) from error
    return require_supported(key)


def require_supported(key: object) -> PrivateKey:
    """Give ``key`` back, typed.

    Raises:
        MaterialError: ``unsupported-key``; it is neither an RSA nor an ECDSA private key.
    """
    if isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        return key
    message = "the private key is neither RSA nor ECDSA"
    raise MaterialError(
        message, code="unsupported-key", hint="use an RSA or ECDSA key: other servers accept nothing else"
    )


def describe_key(public_key: CertificatePublicKeyTypes) -> str:
    """Give the kind of a public key in one word: ``rsa-2048``, ``ecdsa-256``, ``ed25519``."""
    match public_key:
        case rsa.RSAPublicKey():
            return f"rsa-{public_key.key_size}"
        case ec.EllipticCurvePublicKey():
            return f"ecdsa-{public_key.curve.key_size}"
        case ed25519.Ed25519PublicKey():
            return "ed25519"
        case ed448.Ed448PublicKey():
            return "ed448"
        case _:
            return "unknown"
