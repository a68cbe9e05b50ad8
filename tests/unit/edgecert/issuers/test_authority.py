"""The local CA's certificates, judged by pkilint (PKIX profile), openssl and our own verifier."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from edgecert.issuers.authority import Authority, build_intermediate, build_leaf, build_root
from edgecert.issuers.constraints import Constraints
from edgecert.model.csr import build_csr
from edgecert.model.keys import PrivateKey, generate_key
from edgecert.model.request import Subject
from edgecert.model.sanplan import PlannedCertificate, PlannedName
from edgecert.shared.chain import verify_trust
from edgecert.shared.errors import MaterialError
from edgecert.shared.names import DnsName, GeneralName, IpName, SrvName, XmppAddr, from_certificate
from tests.support.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW: Final = FakeClock().now()
DAY: Final = timedelta(days=1)
KINDS: Final = [("rsa", 2048), ("rsa", 3072), ("rsa", 4096), ("ecdsa", 256), ("ecdsa", 384)]
NAMES: Final = (
    DnsName("sip.contoso.com"),
    DnsName("contoso.com"),
    IpName("192.0.2.1"),
    SrvName("xmpp-server", "contoso.com"),
    XmppAddr("contoso.com"),
)
LIMITS: Final = Constraints.for_names(NAMES)
LINT: Final = Path(sys.executable).parent / "lint_pkix_cert"


@pytest.fixture(scope="module")
def root() -> Authority:
    key = generate_key("ecdsa", 256)
    return Authority(build_root(key, label="contoso.com", now=NOW), key)


@pytest.fixture(scope="module")
def issuer(root: Authority) -> Authority:
    key = generate_key("ecdsa", 256)
    return Authority(build_intermediate(root, key, label="contoso.com", now=NOW, limits=LIMITS), key)


def csr_for(key: PrivateKey, names: Sequence[GeneralName], common_name: str | None) -> x509.CertificateSigningRequest:
    planned = PlannedCertificate("edge", common_name, tuple(PlannedName(name, ()) for name in names))
    return build_csr(
        key, planned, subject=Subject(organization="Contoso") if common_name else Subject(), client_auth=True
    )


def leaf_of(
    issuer: Authority,
    *names: GeneralName,
    key: PrivateKey | None = None,
    common_name: str | None = "sip.contoso.com",
    client_auth: bool = False,
    validity: timedelta = 90 * DAY,
) -> x509.Certificate:
    csr = csr_for(key or generate_key("ecdsa", 256), names or NAMES, common_name)
    return build_leaf(issuer, csr, now=NOW, validity=validity, client_auth=client_auth)


def lint(certificate: x509.Certificate, directory: Path) -> tuple[int, str]:
    path = directory / "certificate.pem"
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    run = subprocess.run([LINT, "lint", path, "-s", "WARNING"], capture_output=True, check=False, text=True)
    return run.returncode, run.stdout + run.stderr


def openssl_verify(root: x509.Certificate, chain: Sequence[x509.Certificate], directory: Path) -> str:
    for name, certificate in (("root", root), ("leaf", chain[0]), ("intermediate", chain[1])):
        (directory / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-attime", str(int(NOW.timestamp()))]
    files = ["-CAfile", "root.pem", "-untrusted", "intermediate.pem", "leaf.pem"]
    run = subprocess.run([*command, *files], cwd=directory, capture_output=True, check=False, text=True)
    return run.stdout + run.stderr


# --- judged by others -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("algorithm", "bits"), KINDS)
@pytest.mark.parametrize("common_name", ["sip.contoso.com", None])
def test_leaf_of_each_kind_of_key_has_no_fault(
    issuer: Authority, tmp_path: Path, algorithm: str, bits: int, common_name: str | None
) -> None:
    leaf = leaf_of(issuer, key=generate_key(algorithm, bits), common_name=common_name)
    assert lint(leaf, tmp_path) == (0, "\n")


def test_ca_certificates_have_no_fault(root: Authority, issuer: Authority, tmp_path: Path) -> None:
    limited = build_root(root.key, label="", now=NOW, like=root.certificate, limits=LIMITS)
    for certificate in (root.certificate, issuer.certificate, limited):
        assert lint(certificate, tmp_path) == (0, "\n")


def test_the_linter_finds_what_is_wrong(issuer: Authority, tmp_path: Path) -> None:
    # RFC 5280 §4.2.1.6 knows no wildcards; everybody uses them all the same, so this is the one thing it may find.
    assert lint(leaf_of(issuer, DnsName("*.contoso.com")), tmp_path)[0] == 1


def test_openssl_accepts_the_chain_below_either_root(root: Authority, issuer: Authority, tmp_path: Path) -> None:
    chain = (leaf_of(issuer), issuer.certificate)
    limited = build_root(root.key, label="", now=NOW, like=root.certificate, limits=LIMITS)
    assert "leaf.pem: OK" in openssl_verify(root.certificate, chain, tmp_path)
    assert "leaf.pem: OK" in openssl_verify(limited, chain, tmp_path)
    verify_trust(chain, [root.certificate], now=NOW)
    verify_trust(chain, [limited], now=NOW)


@pytest.mark.parametrize("name", [DnsName("sip.fabrikam.com"), IpName("192.0.2.2"), IpName("2001:db8::1")])
@pytest.mark.parametrize("limited", ["intermediate", "root"])
def test_nobody_accepts_what_the_constraints_forbid(
    root: Authority, issuer: Authority, tmp_path: Path, name: GeneralName, limited: str
) -> None:
    trusted = root.certificate
    if limited == "root":
        key = generate_key("ecdsa", 256)
        issuer = Authority(build_intermediate(root, key, label="x", now=NOW, limits=None), key)
        trusted = build_root(root.key, label="", now=NOW, like=root.certificate, limits=LIMITS)
    chain = (leaf_of(issuer, name, common_name=None), issuer.certificate)
    assert "permitted subtree violation" in openssl_verify(trusted, chain, tmp_path)
    with pytest.raises(MaterialError) as caught:
        verify_trust(chain, [trusted], now=NOW)
    assert caught.value.code == "untrusted-chain"


def test_an_address_is_forbidden_where_only_domains_are_permitted(root: Authority, tmp_path: Path) -> None:
    key = generate_key("ecdsa", 256)
    limits = Constraints(("contoso.com",))
    issuer = Authority(build_intermediate(root, key, label="x", now=NOW, limits=limits), key)
    chain = (leaf_of(issuer, IpName("192.0.2.1"), common_name=None), issuer.certificate)
    assert "excluded subtree violation" in openssl_verify(root.certificate, chain, tmp_path)


# --- what is in them ------------------------------------------------------------------------------------------------


def test_dates_begin_an_hour_back_and_end_as_promised(root: Authority, issuer: Authority) -> None:
    leaf = leaf_of(issuer)
    for certificate, life in ((root.certificate, 3652), (issuer.certificate, 730), (leaf, 90)):
        assert certificate.not_valid_before_utc == NOW - timedelta(hours=1)
        assert certificate.not_valid_after_utc == NOW + life * DAY


def test_nothing_outlives_its_issuer(root: Authority, issuer: Authority) -> None:
    assert leaf_of(issuer, validity=900 * DAY).not_valid_after_utc == issuer.certificate.not_valid_after_utc
    late = build_intermediate(root, generate_key("ecdsa", 256), label="x", now=NOW + 3600 * DAY, limits=None)
    assert late.not_valid_after_utc == root.certificate.not_valid_after_utc


def test_leaf_takes_names_and_subject_of_the_request_and_purposes_of_the_order(issuer: Authority) -> None:
    leaf = leaf_of(issuer)
    assert from_certificate(leaf) == NAMES
    assert leaf.subject.rfc4514_string() == "CN=sip.contoso.com,O=Contoso"
    assert ExtendedKeyUsageOID.CLIENT_AUTH not in leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    both = leaf_of(issuer, client_auth=True).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(both) == [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]


def test_each_certificate_has_key_identifiers(root: Authority, issuer: Authority) -> None:
    for certificate in (root.certificate, issuer.certificate, leaf_of(issuer)):
        certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)


def test_path_lengths_allow_one_intermediate_and_nothing_below_it(root: Authority, issuer: Authority) -> None:
    lengths = [
        authority.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
        for authority in (root, issuer)
    ]
    assert lengths == [1, 0]


def test_two_cas_for_one_domain_have_different_names(root: Authority) -> None:
    other = build_root(generate_key("ecdsa", 256), label="contoso.com", now=NOW)
    assert other.subject != root.certificate.subject


def test_a_name_stays_within_the_bounds_of_a_common_name() -> None:
    certificate = build_root(generate_key("ecdsa", 256), label="x" * 63 + ".example", now=NOW)
    assert len(certificate.subject.get_attributes_for_oid(x509.oid.NameOID.COMMON_NAME)[0].value) <= 64
