from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from edgecert.shared.chain import (
    Chain,
    order_chain,
    parse_certificates,
    spki_sha256,
    verify_chain_order,
    verify_key_matches,
    verify_leaf,
    verify_strength,
    verify_trust,
)
from edgecert.shared.errors import MaterialError
from edgecert.shared.secret import Secret
from tests.support.pki import Authority, Issued, Pki, key_to_pem, make_key, now

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.create(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def issued(pki: Pki) -> Issued:
    return pki.issue(["contoso.example"], common_name="contoso.example")


def spki_of(issued: Issued) -> str:
    return spki_sha256(issued.cert.public_key())


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(MaterialError) as caught:
        call()
    assert caught.value.hint
    return caught.value.code


# --- order ----------------------------------------------------------------------------------------------------------


def test_orders_any_shuffle_and_drops_the_root(pki: Pki, issued: Issued) -> None:
    for shuffled in permutations((issued.cert, pki.intermediate.cert, pki.root.cert)):
        chain = order_chain(spki_of(issued), shuffled)
        assert chain.certificates == issued.certificates
        assert chain.dropped_roots == (pki.root.cert,)
        assert chain.anchor == "Test Root CA"
        assert chain.unused == ()


def test_reports_strangers_in_the_answer(pki: Pki, issued: Issued) -> None:
    stranger = pki.issue(["other.example"]).cert
    assert order_chain(spki_of(issued), (stranger, *issued.certificates)).unused == (stranger,)


def test_takes_a_missing_intermediate_from_what_was_given_beside(pki: Pki, issued: Issued) -> None:
    chain = order_chain(spki_of(issued), [issued.cert], extra=[pki.root.cert, pki.intermediate.cert])
    assert chain.certificates == issued.certificates
    assert chain.dropped_roots == ()


def test_names_the_missing_intermediate(issued: Issued) -> None:
    with pytest.raises(MaterialError, match="CN=Test Issuing CA") as caught:
        order_chain(spki_of(issued), [issued.cert])
    assert caught.value.code == "chain-incomplete"


def test_says_where_the_missing_intermediate_is_published(pki: Pki) -> None:
    key = make_key()
    access = x509.AccessDescription(
        AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier("http://ca.example/issuing.crt")
    )
    leaf = (
        x509.CertificateBuilder(pki.intermediate.cert.subject, x509.Name([]), key.public_key(), 5)
        .not_valid_before(now())
        .not_valid_after(now())
        .add_extension(x509.AuthorityInformationAccess([access]), critical=False)
        .sign(pki.intermediate.key, hashes.SHA256())
    )
    with pytest.raises(MaterialError) as caught:
        order_chain(spki_sha256(key.public_key()), [leaf])
    assert "http://ca.example/issuing.crt" in caught.value.hint


def test_says_that_an_issuer_of_the_same_name_has_another_key(issued: Issued) -> None:
    impostor = Authority.create("Test Issuing CA").cert
    with pytest.raises(MaterialError, match="another key") as caught:
        order_chain(spki_of(issued), [issued.cert, impostor])
    assert caught.value.code == "chain-incomplete"


def test_a_leaf_below_the_root_itself_is_complete_when_the_root_is_known(pki: Pki) -> None:
    issued = pki.issue(["contoso.example"], from_root=True)
    assert order_chain(spki_of(issued), [issued.cert], extra=[pki.root.cert]).certificates == (issued.cert,)


def test_prefers_the_root_of_a_cross_signed_ca(pki: Pki) -> None:
    other = Authority.create("Other Root CA")
    cross = _signed_by(other, pki.root)
    issued = pki.issue(["contoso.example"])
    chain = order_chain(spki_of(issued), [*issued.certificates, cross, pki.root.cert])
    assert chain.certificates == issued.certificates
    assert chain.unused == (cross,)


def test_survives_certificates_that_issued_each_other() -> None:
    one, two = Authority.create("One"), Authority.create("Two")
    loop = [_signed_by(one, two), _signed_by(two, one)]
    leaf_pki = Pki(one, one, ca_file=Path())
    issued = leaf_pki.issue(["contoso.example"])
    assert order_chain(spki_of(issued), [issued.cert, *loop]).leaf == issued.cert


def test_of_two_certificates_for_one_key_the_newer_is_the_leaf(pki: Pki) -> None:
    key = make_key()
    old = pki.issue(["contoso.example"], private_key=key, not_before=now() - timedelta(days=80))
    new = pki.issue(["contoso.example"], private_key=key)
    assert order_chain(spki_of(new), [old.cert, *new.certificates]).leaf == new.cert


def test_refuses_certificates_of_another_key(pki: Pki, issued: Issued) -> None:
    other = pki.issue(["other.example"], common_name="other.example")
    with pytest.raises(MaterialError, match=r"other\.example") as caught:
        order_chain(spki_of(issued), other.certificates)
    assert caught.value.code == "key-mismatch"


def test_refuses_a_self_signed_leaf(pki: Pki) -> None:
    issued = pki.issue(["contoso.example"], self_signed=True, common_name="x")
    assert code_of(lambda: order_chain(spki_of(issued), [issued.cert])) == "self-signed-leaf"


def test_refuses_a_ca_certificate_as_leaf(pki: Pki) -> None:
    issued = pki.issue(["contoso.example"], ca=True)
    assert code_of(lambda: order_chain(spki_of(issued), issued.certificates)) == "ca-certificate-as-leaf"


def test_chain_is_written_leaf_first(issued: Issued) -> None:
    assert parse_certificates(Chain(issued.certificates).pem()) == issued.certificates


def test_verifies_the_order_of_a_chain(pki: Pki, issued: Issued) -> None:
    verify_chain_order(issued.certificates)
    verify_chain_order((*issued.certificates, pki.root.cert))
    assert code_of(lambda: verify_chain_order(issued.certificates[::-1])) == "chain-unordered"
    assert code_of(lambda: verify_chain_order((issued.cert, pki.root.cert))) == "chain-unordered"
    assert code_of(lambda: verify_chain_order((pki.intermediate.cert, pki.root.cert))) == "ca-certificate-as-leaf"
    assert code_of(lambda: verify_chain_order(())) == "empty-chain"


# --- proofs ---------------------------------------------------------------------------------------------------------


def test_key_and_certificate_belong_together_or_not(pki: Pki, issued: Issued) -> None:
    verify_key_matches(Secret(issued.key_pem), issued.cert)
    other = Secret(pki.issue(["other.example"]).key_pem)
    assert code_of(lambda: verify_key_matches(other, issued.cert)) == "key-mismatch"
    assert code_of(lambda: verify_key_matches(Secret(b"none"), issued.cert)) == "not-a-key"


def test_refuses_an_rsa_key_that_does_not_sign(pki: Pki) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    issued = pki.issue(["contoso.example"], private_key=key)
    verify_key_matches(Secret(issued.key_pem), issued.cert)
    numbers = key.private_numbers()
    damaged = rsa.RSAPrivateNumbers(
        p=numbers.p, q=numbers.q, d=numbers.d - 2, dmp1=numbers.dmp1 - 2, dmq1=numbers.dmq1, iqmp=numbers.iqmp,
        public_numbers=numbers.public_numbers,
    )  # fmt: skip
    bad = key_to_pem(damaged.private_key(unsafe_skip_rsa_key_validation=True))
    assert code_of(lambda: verify_key_matches(Secret(bad), issued.cert)) == "not-a-key"


def test_a_leaf_is_proven_with_its_dates_and_purpose(pki: Pki, issued: Issued) -> None:
    verify_leaf(Chain(issued.certificates), now=now())
    verify_leaf(Chain(pki.issue(["contoso.example"], eku=()).certificates), now=now())
    client = Chain(pki.issue(["contoso.example"], eku=("client",)).certificates)
    assert code_of(lambda: verify_leaf(client, now=now())) == "wrong-purpose"
    expired = Chain(pki.expired(["contoso.example"]).certificates)
    assert code_of(lambda: verify_leaf(expired, now=now())) == "expired"


def test_refuses_a_short_key(pki: Pki) -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  # that is the point
    assert code_of(lambda: verify_strength(pki.issue(["contoso.example"], private_key=short).cert)) == "weak-key"


@dataclass(frozen=True, slots=True)
class Sha1Signed:
    """Stands for a certificate that today's libraries do not make any more."""

    subject: x509.Name
    signature_hash_algorithm: hashes.HashAlgorithm
    signature_algorithm_oid: x509.ObjectIdentifier

    def public_key(self) -> rsa.RSAPublicKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()


def test_refuses_a_weak_signature() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old")])
    old = Sha1Signed(name, hashes.SHA1(), x509.oid.SignatureAlgorithmOID.RSA_WITH_SHA1)  # noqa: S303  # that is the point
    assert code_of(lambda: verify_strength(old)) == "weak-signature"  # type: ignore[arg-type]  # a stand-in


def test_trust_takes_a_chain_or_its_certificates(pki: Pki, issued: Issued) -> None:
    verify_trust(Chain(issued.certificates), [pki.root.cert], now=now())
    verify_trust(issued.certificates, [pki.root.cert], now=now())
    assert code_of(lambda: verify_trust((), [pki.root.cert], now=now())) == "empty-chain"


def _signed_by(issuer: Authority, authority: Authority) -> x509.Certificate:
    builder = x509.CertificateBuilder(issuer.cert.subject, authority.cert.subject, authority.key.public_key(), 77)
    builder = builder.not_valid_before(now()).not_valid_after(authority.cert.not_valid_after_utc)
    constraint = x509.BasicConstraints(ca=True, path_length=None)
    return builder.add_extension(constraint, critical=True).sign(issuer.key, hashes.SHA256())
