"""The account's key as it signs: our own are P-256 (ES256); keys of other clients are RSA (RS256) or P-384 too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from josepy.jwa import ES256, ES384, RS256
from josepy.jwk import JWKEC, JWKRSA

if TYPE_CHECKING:
    from josepy.jwa import JWASignature

    from edgecert.model.keys import PrivateKey

_P384_BITS = 384


def jwk_of(key: PrivateKey) -> JWKEC | JWKRSA:
    """Give ``key`` in the form that requests are signed with."""
    return JWKRSA(key=key) if isinstance(key, RSAPrivateKey) else JWKEC(key=key)


def algorithm_of(jwk: JWKEC | JWKRSA) -> JWASignature:
    """Give the algorithm that ``jwk`` signs with (RFC 7518 §3.1)."""
    if isinstance(jwk, JWKRSA):
        return RS256
    return ES384 if jwk.key.key_size == _P384_BITS else ES256
