from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from edgecert.shared.errors import MaterialError
from edgecert.shared.trust import verify_path
from tests.support.pki import Authority, Pki, make_key, now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.pki import PrivateKey


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.create(tmp_path_factory.mktemp("pki"))


def code_of(certificates: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]) -> str:
    with pytest.raises(MaterialError) as caught:
        verify_path(certificates, roots, now=now())
    assert caught.value.hint
    return caught.value.code


def ca_below(issuer: Authority, key: PrivateKey, *extensions: x509.ExtensionType) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "Below")])
    builder = x509.CertificateBuilder(issuer.cert.subject, subject, key.public_key(), 9)
    builder = builder.not_valid_before(now() - timedelta(days=1)).not_valid_after(now() + timedelta(days=1))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(issuer.key, hashes.SHA256())


CA = x509.BasicConstraints(ca=True, path_length=None)


@pytest.mark.parametrize("names", [["contoso.example"], ["ip:127.0.0.1"], ["xmpp:contoso.example"], []])
def test_accepts_a_chain_below_a_trusted_root_whatever_it_names(pki: Pki, names: list[str]) -> None:
    issued = pki.issue(names, common_name="x")
    verify_path(issued.certificates, [Authority.create("Other").cert, pki.root.cert], now=now())


def test_accepts_a_private_ca_without_key_usage_or_key_identifiers(pki: Pki) -> None:
    key = make_key()
    below = Authority(ca_below(pki.root, key, CA), key)
    issued = Pki(pki.root, below, pki.ca_file).issue(["contoso.example"])
    verify_path(issued.certificates, [pki.root.cert], now=now())


def test_names_the_root_that_is_not_trusted(pki: Pki) -> None:
    issued = pki.issue(["contoso.example"])
    with pytest.raises(MaterialError, match="Test Root CA") as caught:
        verify_path(issued.certificates, [Authority.create("Other").cert], now=now())
    assert caught.value.code == "untrusted-root"


def test_a_root_of_the_same_name_with_another_key_is_not_the_root(pki: Pki) -> None:
    impostor = Authority.create("Test Root CA").cert
    assert code_of(pki.issue(["contoso.example"]).certificates, [impostor]) == "untrusted-root"


def test_any_of_several_certificates_of_the_same_root_will_do(pki: Pki) -> None:
    issued = pki.issue(["contoso.example"])
    unfit = x509.CertificateBuilder(pki.root.cert.subject, pki.root.cert.subject, pki.root.key.public_key(), 3)
    unfit = unfit.not_valid_before(now() - timedelta(days=9)).not_valid_after(now() - timedelta(days=8))
    expired = unfit.sign(pki.root.key, hashes.SHA256())
    verify_path(issued.certificates, [expired, pki.root.cert], now=now())
    verify_path(issued.certificates, [pki.root.cert, expired], now=now())
    assert code_of(issued.certificates, [expired]) == "expired"


def test_refuses_an_expired_leaf(pki: Pki) -> None:
    assert code_of(pki.expired(["contoso.example"]).certificates, [pki.root.cert]) == "expired"


@pytest.mark.parametrize(
    "extensions",
    [
        (),
        (x509.BasicConstraints(ca=False, path_length=None),),
        (CA, x509.KeyUsage(True, False, False, False, False, False, True, False, False)),
        (CA, x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.EMAIL_PROTECTION])),
        (CA, x509.NameConstraints([x509.DNSName("fabrikam.example")], None)),
        (CA, x509.NameConstraints(None, [x509.DNSName("contoso.example")])),
    ],
    ids=["no-basic-constraints", "no-ca", "may-not-sign", "for-mail", "not-permitted", "excluded"],
)
def test_refuses_what_the_issuer_may_not_sign(pki: Pki, extensions: tuple[x509.ExtensionType, ...]) -> None:
    key = make_key()
    below = Authority(ca_below(pki.root, key, *extensions), key)
    issued = Pki(pki.root, below, pki.ca_file).issue(["sip.contoso.example"])
    assert code_of(issued.certificates, [pki.root.cert]) == "untrusted-chain"


def test_refuses_a_longer_path_than_the_root_permits() -> None:
    root = Authority.create("Short Root", path_length=0)
    middle = Authority.create("Middle", issuer=root)
    leaf_ca = Authority.create("Low", issuer=middle)
    issued = Pki(root, leaf_ca, ca_file=None).issue(["contoso.example"])  # type: ignore[arg-type]  # no file needed
    assert code_of((*issued.certificates, middle.cert), [root.cert]) == "untrusted-chain"


def test_refuses_a_forged_signature(pki: Pki) -> None:
    forger = Authority(pki.intermediate.cert, make_key())
    issued = Pki(pki.root, forger, pki.ca_file).issue(["contoso.example"])
    assert code_of(issued.certificates, [pki.root.cert]) == "untrusted-chain"
