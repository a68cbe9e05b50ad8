"""JOSE as an ACME server reads it (RFC 8555 §6.2, RFC 7515), written apart from the client's library."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

Json = dict[str, Any]  # any JSON: what a test's server says
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

_CURVES: Final[dict[str, ec.EllipticCurve]] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}
_ECDSA: Final[dict[str, tuple[str, hashes.HashAlgorithm]]] = {
    "ES256": ("secp256r1", hashes.SHA256()),
    "ES384": ("secp384r1", hashes.SHA384()),
}
_MACS: Final = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


class RefusedHere(Exception):  # noqa: N818  # the server's word for a problem document
    """A problem document (RFC 7807) instead of an answer."""

    def __init__(  # any member of a problem document
        self, status: int, kind: str, detail: str = "no", *, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        """Keep it."""
        super().__init__(detail)
        self.status = status
        self.headers = headers or {}
        self.document = {"type": f"urn:ietf:params:acme:error:{kind}", "detail": detail, **more}


@dataclass(frozen=True, slots=True)
class Signed:
    """A JWS whose signature was verified: its protected header, its payload, and the key that signed."""

    header: Json
    payload: bytes
    key: PublicKey
    account: str

    @property
    def document(self) -> Json:
        """The payload as an object.

        Raises:
            RefusedHere: it is none.
        """
        try:
            found = json.loads(self.payload)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise RefusedHere(400, "malformed", "the payload is no object")
        return found


def unb64(text: str) -> bytes:
    """Decode base64url without padding (RFC 8555 §6.1 refuses padding)."""
    if "=" in text:
        raise RefusedHere(400, "malformed", "base64url has no padding here")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def b64(data: bytes) -> str:
    """Encode as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def key_of(jwk: Json) -> PublicKey:
    """Give the key of a JWK."""
    if jwk["kty"] == "RSA":
        exponent, modulus = (int.from_bytes(unb64(jwk[name])) for name in ("e", "n"))
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    x, y = (int.from_bytes(unb64(jwk[name])) for name in ("x", "y"))
    return ec.EllipticCurvePublicNumbers(x, y, _CURVES[jwk["crv"]]).public_key()


def jwk_of(key: PublicKey) -> Json:
    """Give the JWK of a key, with the members that a thumbprint is over (RFC 7638 §3.2)."""
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        size = (numbers.n.bit_length() + 7) // 8
        return {"e": b64(numbers.e.to_bytes(3)), "kty": "RSA", "n": b64(numbers.n.to_bytes(size))}
    point, size = key.public_numbers(), (key.curve.key_size + 7) // 8
    curve = next(name for name, known in _CURVES.items() if known.name == key.curve.name)
    return {"crv": curve, "kty": "EC", "x": b64(point.x.to_bytes(size)), "y": b64(point.y.to_bytes(size))}


def thumbprint(key: PublicKey) -> str:
    """Give the thumbprint of a key (RFC 7638)."""
    canonical = json.dumps(jwk_of(key), sort_keys=True, separators=(",", ":")).encode()
    return b64(hashlib.sha256(canonical).digest())


def read_header(message: Json) -> Json:
    """Give the protected header of a JWS.

    Raises:
        RefusedHere: the message is no flattened JWS with exactly one of ``jwk`` and ``kid`` (RFC 8555 §6.2).
    """
    if set(message) != {"protected", "payload", "signature"}:
        raise RefusedHere(400, "malformed", "no flattened JWS")
    header: Json = json.loads(unb64(message["protected"]))
    if ("jwk" in header) == ("kid" in header):
        raise RefusedHere(400, "malformed", "exactly one of jwk and kid is needed")
    return header


def verify(key: PublicKey, header: Json, message: Json) -> bytes:
    """Verify the signature of ``message`` and give its payload.

    Raises:
        RefusedHere: ``badSignatureAlgorithm``, or the signature is not of this key.
    """
    signed = f"{message['protected']}.{message['payload']}".encode()
    raw, algorithm = unb64(message["signature"]), header.get("alg")
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm == "RS256":
            key.verify(raw, signed, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm in _ECDSA:
            curve, digest = _ECDSA[algorithm]
            if key.curve.name != curve:
                raise RefusedHere(400, "badSignatureAlgorithm", f"{algorithm} is not for {key.curve.name}")
            half = len(raw) // 2
            pair = encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
            key.verify(pair, signed, ec.ECDSA(digest))
        else:
            algorithms = ["ES256", "ES384", "RS256"]
            raise RefusedHere(400, "badSignatureAlgorithm", f"not {algorithm}", algorithms=algorithms)
    except InvalidSignature:
        raise RefusedHere(400, "malformed", "the signature is wrong") from None
    return unb64(message["payload"])


def verify_binding(binding: Json, keys: dict[str, bytes], *, url: str, key: PublicKey) -> None:
    """Verify an external account binding (RFC 8555 §7.3.4).

    Raises:
        RefusedHere: unknown ``kid``, wrong MAC, or another key or URL inside.
    """
    header = json.loads(unb64(binding["protected"]))
    if header.get("alg") not in _MACS or header.get("url") != url or "nonce" in header:
        raise RefusedHere(400, "malformed", "the binding's header is wrong")
    secret = keys.get(header.get("kid", ""))
    if secret is None:
        raise RefusedHere(403, "unauthorized", f"the field 'kid' references a key that is not known: {header['kid']}")
    signed = f"{binding['protected']}.{binding['payload']}".encode()
    if not hmac.compare_digest(hmac.digest(secret, signed, _MACS[header["alg"]]), unb64(binding["signature"])):
        raise RefusedHere(403, "unauthorized", "the binding's MAC is wrong")
    if json.loads(unb64(binding["payload"])) != jwk_of(key):
        raise RefusedHere(400, "malformed", "the binding is for another key")
