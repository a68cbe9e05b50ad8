from __future__ import annotations

import base64
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from edgecert.shared.certreader import decode_text, parse_certificates, parse_pem_blocks
from edgecert.shared.errors import MaterialError
from tests.support.pki import Issued, Pki, make_key

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.create(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def issued(pki: Pki) -> Issued:
    return pki.issue(["sip.contoso.example"])


def code_of(data: bytes) -> str:
    with pytest.raises(MaterialError) as caught:
        parse_certificates(data)
    assert caught.value.hint
    return caught.value.code


def der_p7(issued: Issued) -> bytes:
    return pkcs7.serialize_certificates(list(issued.certificates), Encoding.DER)


def armoured(label: str, der: bytes) -> bytes:
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n".encode()


def csr_pem(encoding: Encoding = Encoding.PEM) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(make_key(), hashes.SHA256()).public_bytes(encoding)


def test_reads_pem_in_the_order_found_amid_other_text(issued: Issued) -> None:
    text = b"subject=/CN=x\r\n" + issued.chain_pem.replace(b"\n", b"\r\n") + b"\n\nissuer\n" + issued.cert_pem
    assert parse_certificates(text) == (*issued.chain, issued.cert)


def test_gives_a_repeated_certificate_once(issued: Issued) -> None:
    assert parse_certificates(issued.cert_pem * 3) == (issued.cert,)


def test_reads_der(issued: Issued) -> None:
    assert parse_certificates(issued.cert.public_bytes(Encoding.DER)) == (issued.cert,)


@pytest.mark.parametrize("label", ["PKCS7", "CMS", "CERTIFICATE"])
def test_reads_pkcs7_under_each_label_it_is_saved_with(issued: Issued, label: str) -> None:
    assert set(parse_certificates(armoured(label, der_p7(issued)))) == set(issued.certificates)


def test_reads_pkcs7_der(issued: Issued) -> None:
    assert set(parse_certificates(der_p7(issued))) == set(issued.certificates)


def test_reads_pkcs7_that_openssl_made(issued: Issued, tmp_path: Path) -> None:
    source, target = tmp_path / "full.pem", tmp_path / "answer.p7b"
    source.write_bytes(issued.fullchain_pem)
    subprocess.run(["openssl", "crl2pkcs7", "-nocrl", "-certfile", source, "-out", target], check=True)
    assert set(parse_certificates(target.read_bytes())) == set(issued.certificates)


def test_reads_a_trusted_certificate_with_openssls_trust_data_behind(issued: Issued) -> None:
    der = issued.cert.public_bytes(Encoding.DER) + b"\x30\x02\x05\x00"
    assert parse_certificates(armoured("TRUSTED CERTIFICATE", der)) == (issued.cert,)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_reads_what_windows_editors_saved(issued: Issued, encoding: str) -> None:
    assert parse_certificates(issued.cert_pem.decode().encode(encoding)) == (issued.cert,)


def test_reads_bare_base64(issued: Issued) -> None:
    assert parse_certificates(base64.encodebytes(issued.cert.public_bytes(Encoding.DER))) == (issued.cert,)


def test_says_that_the_file_is_empty() -> None:
    assert code_of(b" \r\n") == "empty-file"


def test_says_that_it_is_a_web_page() -> None:
    page = b"<!DOCTYPE html>\n<html><head><title>Certificate Issued</title></head></html>"
    assert code_of(page) == "html-instead-of-certificate"


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_says_that_it_is_a_request(encoding: Encoding) -> None:
    assert code_of(csr_pem(encoding)) == "request-instead-of-certificate"


def test_says_that_it_is_a_key_only(issued: Issued) -> None:
    assert code_of(issued.key_pem) == "key-instead-of-certificate"


def test_says_that_pem_is_cut_off(issued: Issued) -> None:
    assert code_of(issued.fullchain_pem[:-40]) == "truncated-pem"


@pytest.mark.parametrize("line", [b"-----BEGIN CERTIFICATE-----\n", b"-----BEGIN A-----\n-----BEGIN B-----\n"])
def test_a_mebibyte_of_beginnings_costs_no_more_than_one(line: bytes) -> None:
    # Searched for its end by each of them it would take longer than any test may.
    assert code_of(line * (1024 * 1024 // len(line))) == "truncated-pem"
    assert code_of(line * 10_000 + b"-----END A-----") == "truncated-pem"


def test_says_that_pem_is_damaged_inside(issued: Issued) -> None:
    lines = issued.cert_pem.splitlines(keepends=True)
    assert code_of(b"".join([*lines[:3], b"!!!\n", *lines[3:]])) == "truncated-pem"


def test_says_that_the_certificate_is_damaged(issued: Issued) -> None:
    der = bytearray(issued.cert.public_bytes(Encoding.DER))
    der[12] = 9  # the version
    assert code_of(armoured("CERTIFICATE", bytes(der))) == "malformed-certificate"


@pytest.mark.parametrize("data", [b"hello", b"\x00\x01\x02", b"0", b"\x30\x03\x02\x01\x05"])
def test_says_that_it_is_none_in_any_form(data: bytes) -> None:
    assert code_of(data) == "not-a-certificate"


def test_names_the_labels_of_other_pem() -> None:
    with pytest.raises(MaterialError, match="DH PARAMETERS") as caught:
        parse_certificates(armoured("DH PARAMETERS", b"\x30\x00"))
    assert caught.value.code == "not-a-certificate"


def test_pem_blocks_keep_their_text_and_know_keys(issued: Issued) -> None:
    key, certificate = parse_pem_blocks(issued.key_pem + issued.cert_pem)
    assert key.is_private_key
    assert not certificate.is_private_key
    assert key.text.strip() == issued.key_pem.strip()


def test_pem_headers_of_old_encrypted_keys_are_no_base64() -> None:
    headers = b"Proc-Type: 4,ENCRYPTED\nDEK-Info: X,00\n\n"
    text = b"-----BEGIN RSA PRIVATE KEY-----\n" + headers + b"AAAA\n-----END RSA PRIVATE KEY-----"
    assert parse_pem_blocks(text)[0].der == b"\0\0\0"


def test_plain_bytes_are_left_alone() -> None:
    assert decode_text(b"\x30\x82") == b"\x30\x82"
