from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from edgecert.shared.certfacts import (
    describe_name,
    describe_subject,
    fingerprint_sha256,
    has_issued,
    is_ca,
    is_self_signed,
    serial_hex,
    spki_or_empty,
    spki_sha256,
    verify_dates,
    verify_readable,
)
from edgecert.shared.errors import MaterialError
from tests.support.pki import Pki

TODAY = datetime(2026, 11, 27, tzinfo=UTC)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.create(tmp_path_factory.mktemp("pki"))


def test_hashes_are_lower_hex_of_the_der(pki: Pki) -> None:
    leaf = pki.issue(["contoso.example"]).cert
    assert fingerprint_sha256(leaf) == hashlib.sha256(leaf.public_bytes(Encoding.DER)).hexdigest()
    spki = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert spki_sha256(leaf.public_key()) == spki_or_empty(leaf) == hashlib.sha256(spki).hexdigest()


def test_serial_has_neither_colons_nor_padding(pki: Pki) -> None:
    leaf = pki.issue(["contoso.example"]).cert
    assert serial_hex(leaf) == f"{leaf.serial_number:x}"


def test_tells_roots_intermediates_and_leaves_apart(pki: Pki) -> None:
    leaf = pki.issue(["contoso.example"]).cert
    assert is_ca(pki.root.cert)
    assert is_self_signed(pki.root.cert)
    assert is_ca(pki.intermediate.cert)
    assert not is_self_signed(pki.intermediate.cert)
    assert not is_ca(leaf)
    assert has_issued(pki.intermediate.cert, leaf)
    assert not has_issued(pki.root.cert, leaf)


def test_a_name_is_described_by_its_common_name_else_whole(pki: Pki) -> None:
    assert describe_name(pki.root.cert.subject) == "Test Root CA"
    assert describe_name(x509.Name([])) == "(empty name)"
    many = x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "x" * 60)] * 50)
    assert len(describe_name(many)) == 301
    organization = x509.Name([x509.NameAttribute(x509.oid.NameOID.ORGANIZATION_NAME, "Contoso")])
    assert describe_name(organization) == "O=Contoso"


def test_a_certificate_without_a_subject_is_called_by_the_first_name_it_is_for() -> None:
    def certificate(
        *names: x509.GeneralName, subject: str = "", extension: x509.ExtensionType | None = None
    ) -> x509.Certificate:
        attributes = [x509.NameAttribute(NameOID.COMMON_NAME, subject)] if subject else []
        key = ec.generate_private_key(ec.SECP256R1())
        builder = x509.CertificateBuilder(x509.Name([]), x509.Name(attributes), key.public_key(), 1)
        builder = builder.not_valid_before(TODAY).not_valid_after(TODAY + timedelta(days=1))
        if added := extension or (x509.SubjectAlternativeName(names) if names else None):
            builder = builder.add_extension(added, critical=not subject)
        return builder.sign(key, hashes.SHA256())

    x400_address = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, bytes.fromhex("3002 a300"))
    unreadable = certificate(extension=x400_address)
    first, second = x509.DNSName("sip.contoso.example"), x509.DNSName("contoso.example")
    assert describe_subject(certificate(first, second)) == "sip.contoso.example"
    assert describe_subject(certificate(first, subject="contoso")) == "contoso"
    assert describe_subject(certificate(x509.RFC822Name("a@contoso.example"), second)) == "contoso.example"
    assert describe_subject(certificate(x509.IPAddress(IPv4Address("192.0.2.1")))) == "192.0.2.1"
    assert describe_subject(certificate()) == "(empty name)"
    assert describe_subject(unreadable) == "(empty name)"
    assert len(describe_subject(certificate(x509.DNSName("x" * 1000)))) == 300


def damaged(certificate: x509.Certificate, old: bytes, new: bytes) -> x509.Certificate:
    der = certificate.public_bytes(Encoding.DER)
    assert old in der
    return x509.load_der_x509_certificate(der.replace(old, new))


def test_what_the_library_reads_later_is_proven_at_once(pki: Pki) -> None:
    leaf = pki.issue(["contoso.example"], common_name="contoso.example").cert
    verify_readable(leaf)
    p256, unknown = bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d030177")
    for old, new, code in (
        (b"\x0c\x0fcontoso", b"\x0c\x0fcont\xffso", "malformed-certificate"),
        (p256, unknown, "unsupported-key"),
    ):
        with pytest.raises(MaterialError) as caught:
            verify_readable(damaged(leaf, old, new))
        assert caught.value.code == code
        assert caught.value.hint


def test_dates_are_proven_to_the_second(pki: Pki) -> None:
    leaf = pki.issue(["contoso.example"]).cert
    verify_dates(leaf, now=leaf.not_valid_before_utc)
    verify_dates(leaf, now=leaf.not_valid_after_utc)
    second = timedelta(seconds=1)
    with pytest.raises(MaterialError) as early:
        verify_dates(leaf, now=leaf.not_valid_before_utc - second)
    with pytest.raises(MaterialError) as late:
        verify_dates(leaf, now=leaf.not_valid_after_utc + second)
    assert (early.value.code, late.value.code) == ("not-yet-valid", "expired")
