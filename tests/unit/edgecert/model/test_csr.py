"""CSRs byte for byte against ``fixtures/csr`` and through ``openssl req``.

The keys are worked out from round numbers, so that nobody can take them for secrets: for RSA the two largest primes
below a power of two, for ECDSA the private number 1234567.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from edgecert.model.csr import TEMPLATE_OID, build_csr, build_san, build_subject, signature_hash
from edgecert.model.request import Subject
from edgecert.model.sanplan import PlannedCertificate, PlannedName
from edgecert.shared.errors import MaterialError
from edgecert.shared.names import DnsName, GeneralName, IpName, SrvName, XmppAddr, from_certificate

if TYPE_CHECKING:
    from edgecert.model.keys import PrivateKey

GOLDEN: Final = Path(__file__).parents[4] / "fixtures" / "csr"
# Half the bits of the modulus, and how far below 2 to that power the two largest primes are.
PRIMES: Final = {2048: (1024, 105, 179), 3072: (1536, 3453, 4977), 4096: (2048, 1557, 2543)}
KINDS: Final = ("rsa-2048", "rsa-3072", "rsa-4096", "ecdsa-256", "ecdsa-384")
NAMES: Final = (
    DnsName("sip.contoso.com"),
    DnsName("contoso.com"),
    DnsName("xn--bcher-kva.example"),
    IpName("192.0.2.1"),
    SrvName("xmpp-server", "contoso.com"),
    XmppAddr("contoso.com"),
    XmppAddr("xn--bcher-kva.example"),
)
SUBJECT: Final = Subject("Contoso", "Messaging", "it", "Lazio", "Roma")


def fixed_key(kind: str) -> PrivateKey:
    algorithm, _, bits = kind.partition("-")
    if algorithm == "ecdsa":
        return ec.derive_private_key(1234567, ec.SECP256R1() if bits == "256" else ec.SECP384R1())
    half, first, second = PRIMES[int(bits)]
    p, q, e = 2**half - first, 2**half - second, 65537
    d = rsa.rsa_recover_private_exponent(e, p, q)
    crt = (rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q))
    numbers = rsa.RSAPrivateNumbers(p, q, d, *crt, rsa.RSAPublicNumbers(e, p * q))
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def planned(*names: GeneralName, common_name: str | None = "sip.contoso.com") -> PlannedCertificate:
    return PlannedCertificate("edge", common_name, tuple(PlannedName(name, ("a test",)) for name in names))


def full_csr(kind: str) -> x509.CertificateSigningRequest:
    return build_csr(fixed_key(kind), planned(*NAMES), subject=SUBJECT, client_auth=True, template="WebServer")


def usages(csr: x509.CertificateSigningRequest) -> list[x509.ObjectIdentifier]:
    return list(csr.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


@pytest.mark.parametrize("kind", KINDS)
def test_the_signed_part_is_the_golden_one(kind: str) -> None:
    golden, signed = GOLDEN / f"{kind}.tbs", full_csr(kind).tbs_certrequest_bytes
    if not golden.exists():
        golden.write_bytes(signed)
        pytest.fail(f"{golden.name} was missing and is written anew: look at the difference before it is committed")
    assert signed == golden.read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_openssl_verifies_and_understands_it(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "edge.csr"
    path.write_bytes(full_csr(kind).public_bytes(Encoding.PEM))
    run = subprocess.run(
        ["openssl", "req", "-verify", "-text", "-noout", "-in", path], capture_output=True, check=True, text=True
    )
    text = run.stdout + run.stderr
    assert "verify OK" in text
    assert "C = IT, ST = Lazio, L = Roma, O = Contoso, OU = Messaging, CN = sip.contoso.com" in text
    assert (
        "DNS:sip.contoso.com, DNS:contoso.com, DNS:xn--bcher-kva.example, IP Address:192.0.2.1,"
        " othername: SRVName::_xmpp-server.contoso.com, othername: XmppAddr::contoso.com,"
    ) in text
    assert "TLS Web Server Authentication, TLS Web Client Authentication" in text
    encipherment = "Digital Signature, Key Encipherment" in text
    assert encipherment == kind.startswith("rsa")


def test_names_come_back_in_their_order() -> None:
    assert from_certificate(full_csr("ecdsa-256")) == NAMES


@pytest.mark.parametrize(
    ("common_name", "subject", "critical"),
    [("sip.contoso.com", Subject(), False), (None, SUBJECT, False), (None, Subject(), True), ("", Subject(), True)],
)
def test_san_is_critical_exactly_when_the_subject_is_empty(
    common_name: str | None, subject: Subject, critical: bool
) -> None:
    csr = build_csr(fixed_key("ecdsa-256"), planned(NAMES[0], common_name=common_name), subject=subject)
    assert csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical == critical
    assert (csr.subject == x509.Name([])) == critical


def test_asks_for_a_tls_server_and_only_on_demand_for_a_client() -> None:
    key = fixed_key("ecdsa-256")
    csr = build_csr(key, planned(*NAMES), subject=Subject())
    assert usages(csr) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert usages(full_csr("ecdsa-256")) == [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    assert csr.extensions.get_extension_for_class(x509.KeyUsage).critical


def test_names_the_ad_cs_template_as_a_bmp_string() -> None:
    value = full_csr("ecdsa-256").extensions.get_extension_for_oid(TEMPLATE_OID).value
    assert isinstance(value, x509.UnrecognizedExtension)
    assert value.value == b"\x1e\x12" + "WebServer".encode("utf-16-be")


@pytest.mark.parametrize("template", ["x" * 64, "\N{GRINNING FACE}"])
def test_refuses_what_is_no_template_name(template: str) -> None:
    with pytest.raises(MaterialError) as caught:
        build_csr(fixed_key("ecdsa-256"), planned(*NAMES), subject=Subject(), template=template)
    assert caught.value.code == "bad-template"


def test_a_public_ca_gets_common_name_dns_names_and_addresses_alone() -> None:
    csr = build_csr(
        fixed_key("ecdsa-256"),
        planned(*NAMES),
        subject=SUBJECT,
        client_auth=True,
        template="WebServer",
        names_only=True,
    )
    assert from_certificate(csr) == NAMES[:4]
    assert csr.subject.rfc4514_string() == "CN=sip.contoso.com"
    assert [extension.oid for extension in csr.extensions] == [x509.SubjectAlternativeName.oid]


def test_refuses_a_request_without_names() -> None:
    with pytest.raises(MaterialError) as caught:
        build_csr(fixed_key("ecdsa-256"), planned(NAMES[-1]), subject=SUBJECT, names_only=True)
    assert caught.value.code == "no-names-left"


UNFIT: Final = (
    Subject(country="I"),
    Subject(country="ITA"),
    Subject(organization="x" * 65),
    Subject(locality="x" * 129),
)


@pytest.mark.parametrize("subject", UNFIT)
def test_refuses_a_subject_that_fits_no_certificate(subject: Subject) -> None:
    with pytest.raises(MaterialError) as caught:
        build_subject("sip.contoso.com", subject)
    assert caught.value.code == "bad-subject"
    assert caught.value.hint


def test_hash_goes_with_the_key() -> None:
    assert {kind: signature_hash(fixed_key(kind)).name for kind in KINDS[2:]} == {
        "rsa-4096": "sha256",
        "ecdsa-256": "sha256",
        "ecdsa-384": "sha384",
    }


def test_san_keeps_the_order_it_is_given() -> None:
    assert [type(name) for name in build_san(NAMES)][3:5] == [x509.IPAddress, x509.OtherName]
