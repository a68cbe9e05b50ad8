from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs12

from edgecert.model.answer import parse_answer
from edgecert.model.keys import generate_key, key_to_pem
from edgecert.model.pkcs12 import build_pkcs12, is_pkcs12
from edgecert.shared.bundle import Bundle, make_bundle
from edgecert.shared.errors import MaterialError
from edgecert.shared.secret import Secret
from tests.support.clock import FakeClock
from tests.support.pki import Issued, Pki, make_key

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD: Final = Secret(b"correct horse")
FRIENDLY: Final = "Contoso extérnal edge"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.create(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module", params=["ecdsa-256", "rsa-2048"])
def issued(pki: Pki, request: pytest.FixtureRequest) -> Issued:
    return pki.issue(["contoso.example"], key=request.param)


def bundle_of(issued: Issued, friendly_name: str = FRIENDLY) -> Bundle:
    return make_bundle(
        Secret(issued.key_pem),
        issued.certificates,
        name="edge",
        generation=1,
        friendly_name=friendly_name,
        issuer_kind="csr",
        exportable=True,
        created_at=FakeClock().now(),
    )


def made_by_openssl(issued: Issued, directory: Path, *options: str, password: Secret = PASSWORD) -> bytes:
    source, target = directory / "in.pem", directory / "out.p12"
    source.write_bytes(issued.key_pem + issued.fullchain_pem)
    command: list[str | bytes | Path] = [
        "openssl",
        "pkcs12",
        "-export",
        "-in",
        source,
        "-out",
        target,
        "-name",
        FRIENDLY,
        *options,
    ]
    subprocess.run([*command, "-passout", b"pass:" + password.reveal()], check=True, capture_output=True)
    return target.read_bytes()


# --- building -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("legacy", [False, True])
def test_openssl_opens_it_and_finds_the_friendly_name(issued: Issued, tmp_path: Path, legacy: bool) -> None:
    path = tmp_path / "edge.p12"
    path.write_bytes(build_pkcs12(bundle_of(issued, "Contoso external edge"), PASSWORD, legacy=legacy))
    command: list[str | Path] = ["openssl", "pkcs12", "-in", path, "-info", "-nodes", "-passin", "pass:correct horse"]
    run = subprocess.run([*command, *(["-legacy"] if legacy else [])], check=True, capture_output=True)
    assert run.stdout.count(b"BEGIN CERTIFICATE") == 2
    assert run.stdout.count(b"BEGIN PRIVATE KEY") == 1
    assert b"friendlyName: Contoso external edge" in run.stdout
    encryption = b"pbeWithSHA1And3-KeyTripleDES-CBC" if legacy else b"PBES2, PBKDF2, AES-256-CBC"
    assert run.stderr.count(encryption) == 2


@pytest.mark.parametrize("legacy", [False, True])
def test_reads_back_what_it_built(issued: Issued, legacy: bool) -> None:
    answer = parse_answer(build_pkcs12(bundle_of(issued), PASSWORD, legacy=legacy), password=PASSWORD)
    assert answer.certificates == issued.certificates
    assert answer.friendly_name == FRIENDLY
    assert answer.key is not None
    assert answer.key.public_key() == issued.cert.public_key()


def test_refuses_to_build_without_a_password(issued: Issued) -> None:
    with pytest.raises(MaterialError) as caught:
        build_pkcs12(bundle_of(issued), Secret(b""))
    assert caught.value.code == "empty-password"


# --- reading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("-legacy",),  # certificates under RC2-40, key under 3DES, as Windows before 2019
        ("-legacy", "-keypbe", "PBE-SHA1-RC2-128", "-certpbe", "PBE-SHA1-RC2-128"),
        ("-legacy", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES"),
        ("-keypbe", "NONE", "-certpbe", "NONE"),
    ],
    ids=["today", "windows", "rc2-128", "3des", "plain"],
)
def test_reads_what_openssl_and_old_windows_make(issued: Issued, tmp_path: Path, options: tuple[str, ...]) -> None:
    data = made_by_openssl(issued, tmp_path, *options)
    answer = parse_answer(data, password=PASSWORD)
    assert answer.certificates == issued.certificates
    assert answer.friendly_name == FRIENDLY
    assert answer.key is not None


def test_a_file_with_an_empty_password_opens_without_one(issued: Issued, tmp_path: Path) -> None:
    assert parse_answer(made_by_openssl(issued, tmp_path, password=Secret(b""))).certificates == issued.certificates


@pytest.mark.parametrize(("password", "code"), [(None, "password-needed"), (Secret(b"wrong"), "wrong-password")])
def test_says_what_is_wrong_with_the_password(issued: Issued, password: Secret | None, code: str) -> None:
    with pytest.raises(MaterialError) as caught:
        parse_answer(build_pkcs12(bundle_of(issued), PASSWORD), password=password)
    assert caught.value.code == code
    assert caught.value.hint


def test_certificates_without_a_key_are_read(issued: Issued, tmp_path: Path) -> None:
    answer = parse_answer(made_by_openssl(issued, tmp_path, "-nokeys"), password=PASSWORD)
    assert set(answer.certificates) == set(issued.certificates)
    assert answer.key is None


def test_a_file_with_a_key_alone_is_refused() -> None:
    data = pkcs12.serialize_key_and_certificates(b"x", make_key(), None, None, NoEncryption())
    with pytest.raises(MaterialError) as caught:
        parse_answer(data)
    assert caught.value.code == "key-instead-of-certificate"


def test_a_key_of_another_kind_is_refused() -> None:
    data = pkcs12.serialize_key_and_certificates(b"x", ed25519.Ed25519PrivateKey.generate(), None, None, NoEncryption())
    with pytest.raises(MaterialError) as caught:
        parse_answer(data)
    assert caught.value.code in {"unsupported-key", "key-instead-of-certificate"}


def test_is_told_apart_from_other_der(issued: Issued) -> None:
    assert is_pkcs12(build_pkcs12(bundle_of(issued), PASSWORD))
    assert is_pkcs12(b"\x30\x80\x02\x01\x03\x30\x80")  # BER without lengths
    assert not is_pkcs12(issued.cert.public_bytes(Encoding.DER))
    assert not is_pkcs12(key_to_pem(generate_key("ecdsa", 256)).reveal())
    assert not is_pkcs12(b"0")
