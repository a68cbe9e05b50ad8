from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from edgecert.model.jwkkey import key_from_jwk
from edgecert.shared.errors import MaterialError
from tests.support.certbot import jwk


@pytest.mark.parametrize(
    "key", [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())], ids=["rsa", "ec"]
)
def test_reads_the_keys_that_clients_keep(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> None:
    assert key_from_jwk(dict(jwk(key))).private_numbers() == key.private_numbers()


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "oct"},
        {"kty": None},
        {"crv": "P-521"},
        {"d": ""},
        {"d": 7},
        {"x": "AAAA"},
        {"y": "a"},
    ],
)
def test_what_is_no_such_key_is_refused(change: dict[str, str | int | None]) -> None:
    document = {**jwk(ec.generate_private_key(ec.SECP256R1())), **change}
    with pytest.raises(MaterialError) as caught:
        key_from_jwk(document)
    assert caught.value.code == "not-a-key"


def test_a_public_key_alone_is_refused() -> None:
    document = jwk(rsa.generate_private_key(65537, 2048))
    del document["p"]
    with pytest.raises(MaterialError):
        key_from_jwk(dict(document))
