"""Private keys as other ACME clients keep them: a JSON Web Key (RFC 7517, RFC 7518 §6)."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from edgecert.shared.errors import MaterialError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgecert.model.keys import PrivateKey
    from edgecert.shared.jsonvalue import JsonValue

_CURVES: Final[Mapping[str, ec.EllipticCurve]] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}


def key_from_jwk(document: Mapping[str, JsonValue]) -> PrivateKey:
    """Give the private key that ``document`` is.

    Raises:
        MaterialError: it is none, or of a kind that no ACME account here uses (code ``not-a-key``).
    """
    try:
        match document.get("kty"):
            case "RSA":
                return _rsa(document)
            case "EC":
                curve = _CURVES[str(document.get("crv"))]
                numbers = ec.EllipticCurvePublicNumbers(_number(document, "x"), _number(document, "y"), curve)
                return ec.EllipticCurvePrivateNumbers(_number(document, "d"), numbers).private_key()
            case other:
                message = f"a JSON Web Key of type {other!r} is no key of an ACME account"
                raise MaterialError(message, code="not-a-key")
    except (KeyError, ValueError, binascii.Error):
        message = "this is no JSON Web Key with a private key on P-256 or P-384, or of RSA"
        raise MaterialError(message, code="not-a-key") from None


def _rsa(document: Mapping[str, JsonValue]) -> rsa.RSAPrivateKey:
    public = rsa.RSAPublicNumbers(_number(document, "e"), _number(document, "n"))
    exponent = _number(document, "d")
    first, second = _number(document, "p"), _number(document, "q")
    return rsa.RSAPrivateNumbers(
        first,
        second,
        exponent,
        rsa.rsa_crt_dmp1(exponent, first),
        rsa.rsa_crt_dmq1(exponent, second),
        rsa.rsa_crt_iqmp(first, second),
        public,
    ).private_key()


def _number(document: Mapping[str, JsonValue], member: str) -> int:
    text = document[member]
    if not isinstance(text, str) or not text:
        raise ValueError(member)
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")
