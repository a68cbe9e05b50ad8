from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from edgecert.model.keys import (
    SystemKeySource,
    describe_key,
    generate_key,
    key_to_pem,
    load_encrypted_key,
    load_key,
    require_supported,
)
from edgecert.shared.errors import MaterialError
from edgecert.shared.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(MaterialError) as caught:
        call()
    assert caught.value.hint
    return caught.value.code


@pytest.mark.parametrize(
    ("algorithm", "bits"), [("rsa", 2048), ("rsa", 3072), ("rsa", 4096), ("ecdsa", 256), ("ecdsa", 384)]
)
def test_makes_each_kind_and_reads_it_back(algorithm: str, bits: int) -> None:
    key = generate_key(algorithm, bits)
    assert describe_key(key.public_key()) == f"{algorithm}-{bits}"
    assert load_key(key_to_pem(key)).public_key() == key.public_key()


def test_no_two_keys_are_the_same() -> None:
    source = SystemKeySource()
    assert source.generate("ecdsa", 256).public_key() != source.generate("ecdsa", 256).public_key()


@pytest.mark.parametrize(("algorithm", "bits"), [("rsa", 1024), ("rsa", 256), ("ecdsa", 521), ("dsa", 2048)])
def test_refuses_to_make_other_kinds(algorithm: str, bits: int) -> None:
    assert code_of(lambda: generate_key(algorithm, bits)) == "unsupported-key"


def test_writes_pkcs8_that_openssl_reads(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(key_to_pem(generate_key("ecdsa", 384)).reveal())
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    subprocess.run(["openssl", "pkey", "-in", path, "-check", "-noout"], check=True, capture_output=True)


def test_reads_the_old_forms_too() -> None:
    key = generate_key("rsa", 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    assert load_key(Secret(pem)).public_key() == key.public_key()


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_an_encrypted_key_needs_its_password(form: PrivateFormat) -> None:
    key = generate_key("rsa", 2048)
    pem = Secret(key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"right")))
    assert load_encrypted_key(pem, password=Secret(b"right")).public_key() == key.public_key()
    assert code_of(lambda: load_key(pem)) == "encrypted-key"
    assert code_of(lambda: load_encrypted_key(pem, password=Secret(b"wrong"))) == "wrong-password"


def test_a_password_that_is_not_needed_is_not_used() -> None:
    key = generate_key("ecdsa", 256)
    assert load_encrypted_key(key_to_pem(key), password=Secret(b"any")).public_key() == key.public_key()


def test_says_that_it_is_no_key_or_of_no_use() -> None:
    assert code_of(lambda: load_key(Secret(b"hello"))) == "not-a-key"
    other = ed25519.Ed25519PrivateKey.generate()
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert code_of(lambda: load_key(Secret(pem))) == "unsupported-key"
    assert code_of(lambda: require_supported("a word")) == "unsupported-key"


def test_describes_keys_that_it_does_not_make() -> None:
    assert describe_key(ed25519.Ed25519PrivateKey.generate().public_key()) == "ed25519"
    assert describe_key(ed448.Ed448PrivateKey.generate().public_key()) == "ed448"
    assert describe_key(ec.generate_private_key(ec.SECP521R1()).public_key()) == "ecdsa-521"
    assert describe_key(rsa.RSAPublicNumbers(65537, 2**4095 + 1).public_key()) == "rsa-4096"
    assert describe_key(x25519.X25519PrivateKey.generate().public_key()) == "unknown"


def test_a_key_is_not_printed() -> None:
    assert "BEGIN" not in repr(key_to_pem(generate_key("ecdsa", 256)))
