"""Certificate chains: put in order, proven, described.

A chain is leaf first, each certificate issued by the one after it, the trust anchor left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, SignatureAlgorithmOID

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
)
from edgecert.shared.certreader import parse_certificates
from edgecert.shared.errors import MaterialError
from edgecert.shared.trust import verify_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from edgecert.shared.secret import Secret

__all__ = [
    "Chain",
    "describe_name",
    "fingerprint_sha256",
    "is_ca",
    "is_self_signed",
    "order_chain",
    "parse_certificates",
    "serial_hex",
    "spki_sha256",
    "verify_chain_order",
    "verify_dates",
    "verify_key_matches",
    "verify_leaf",
    "verify_strength",
    "verify_trust",
]

_MINIMUM_RSA_BITS: Final = 2048
_MAXIMUM_LENGTH: Final = 10


# --- order -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain in order, leaf first, trust anchor left out; and what of the given certificates is not in it."""

    certificates: tuple[x509.Certificate, ...]
    dropped_roots: tuple[x509.Certificate, ...] = ()
    unused: tuple[x509.Certificate, ...] = ()

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate of the server itself."""
        return self.certificates[0]

    @property
    def anchor(self) -> str:
        """The name of the trust anchor that the chain counts on."""
        return describe_name(self.certificates[-1].issuer)

    def pem(self) -> bytes:
        """Give leaf and intermediates as PEM, as servers want it."""
        return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in self.certificates)


def order_chain(
    leaf_spki: str, certificates: Iterable[x509.Certificate], *, extra: Iterable[x509.Certificate] = ()
) -> Chain:
    """Give the chain of the certificate whose public key hashes to ``leaf_spki``.

    ``certificates`` may come in any order, with roots, duplicates and strangers among them; ``extra`` are used
    where an issuer is missing. A root is left out of the chain and reported in :attr:`Chain.dropped_roots`;
    it is never trusted for being there.
    Of several certificates for the key the one that began last is the leaf.

    Raises:
        MaterialError: ``key-mismatch`` (none has the key), ``chain-incomplete`` (an intermediate is missing; named),
            ``self-signed-leaf``, ``ca-certificate-as-leaf``.
    """
    given = tuple(dict.fromkeys(certificates))
    supply = tuple(dict.fromkeys((*given, *extra)))
    leaf = _find_leaf(leaf_spki, given)
    path, roots = [leaf], []
    while (issuer := _find_issuer(path[-1], supply)) is not None and len(path) < _MAXIMUM_LENGTH:
        if is_self_signed(issuer):
            roots.append(issuer)
            break
        path.append(issuer)
    if not roots and not is_ca(path[-1]):
        raise _incomplete(path[-1], [other for other in supply if other != leaf])
    dropped = tuple(other for other in given if other not in path and is_ca(other) and is_self_signed(other))
    unused = tuple(other for other in given if other not in path and other not in dropped)
    return Chain(tuple(path), dropped, unused)


def _find_leaf(leaf_spki: str, certificates: Sequence[x509.Certificate]) -> x509.Certificate:
    candidates = [certificate for certificate in certificates if spki_or_empty(certificate) == leaf_spki]
    if not candidates:
        names = ", ".join(describe_subject(one) for one in certificates if not is_ca(one)) or "only CA certificates"
        message = f"no certificate belongs to the private key (there is: {names})"
        raise MaterialError(
            message, code="key-mismatch", hint="import the answer to the request that was made with this key"
        )
    leaf = max(candidates, key=lambda certificate: certificate.not_valid_before_utc)
    if is_ca(leaf):
        message = f"the certificate of the key is a CA's own certificate ({describe_subject(leaf)})"
        raise MaterialError(message, code="ca-certificate-as-leaf", hint="ask the CA for a server certificate")
    if is_self_signed(leaf):
        message = f"the certificate is self-signed ({describe_subject(leaf)})"
        raise MaterialError(message, code="self-signed-leaf", hint="no partner accepts it: have a CA sign the request")
    return leaf


def _find_issuer(certificate: x509.Certificate, supply: Sequence[x509.Certificate]) -> x509.Certificate | None:
    """Give who issued ``certificate``: of a cross-signed CA the root, else the one that ends last."""
    issuers = [
        other
        for other in supply
        if other.subject == certificate.issuer and other != certificate and has_issued(other, certificate)
    ]
    return max(issuers, key=lambda one: (is_self_signed(one), one.not_valid_after_utc), default=None)


def _incomplete(certificate: x509.Certificate, others: Sequence[x509.Certificate]) -> MaterialError:
    issuer = certificate.issuer.rfc4514_string()
    message = f"the chain is incomplete: the certificate of the issuer is missing: {issuer}"
    impostor = next((other for other in others if other.subject == certificate.issuer), None)
    if impostor is not None:
        message = (
            f"the chain is incomplete: the certificate given for {issuer} has another key than the one that signed"
        )
    address = _issuer_address(certificate)
    where = f"it is published at {address}; " if address else ""
    hint = f"{where}give it with --chain FILE (if the CA signs with its root itself, give the root)"
    return MaterialError(message, code="chain-incomplete", hint=hint)


def _issuer_address(certificate: x509.Certificate) -> str:
    """Give where the certificate says that its issuer's certificate is (RFC 5280 §4.2.2.1), or nothing."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return ""
    for description in access:
        location = description.access_location
        if description.access_method == AuthorityInformationAccessOID.CA_ISSUERS and isinstance(
            location, x509.UniformResourceIdentifier
        ):
            return location.value
    return ""


def verify_chain_order(certificates: Sequence[x509.Certificate]) -> None:
    """Prove that each certificate was issued by the one after it, leaf first.

    Raises:
        MaterialError: ``chain-unordered`` (the right certificates in the wrong order, or a stranger among them),
            ``empty-chain``, ``ca-certificate-as-leaf``.
    """
    if not certificates:
        message = "the chain holds no certificate"
        raise MaterialError(message, code="empty-chain", hint="give leaf and intermediates")
    for certificate, issuer in pairwise(certificates):
        if not has_issued(issuer, certificate):
            message = (
                f"the chain is not in order: {describe_subject(certificate)} is not issued by"
                f" {describe_subject(issuer)}, which follows it"
            )
            raise MaterialError(
                message, code="chain-unordered", hint="leaf first, then each certificate's issuer, no root"
            )
    if is_ca(certificates[0]):
        message = f"the chain begins with a CA certificate ({describe_subject(certificates[0])})"
        raise MaterialError(message, code="ca-certificate-as-leaf", hint="put the server's own certificate first")


# --- proofs ------------------------------------------------------------------------


def verify_key_matches(key_pem: Secret, leaf: x509.Certificate) -> None:
    """Prove that ``leaf`` certifies the public half of the private key ``key_pem``, and that the key signs.

    Raises:
        MaterialError: ``key-mismatch``; ``not-a-key`` when ``key_pem`` is no unencrypted private key, or a damaged one.
    """
    try:
        # The library's own look at an RSA key tests its primes anew, for longer than a handshake may wait (30 ms at
        # 2048 bits, with everything else standing still). That it signs is what counts, and is seen below.
        key = load_pem_private_key(key_pem.reveal(), None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        message = "the private key cannot be read"
        raise MaterialError(message, code="not-a-key", hint="an unencrypted key in PEM form is needed") from error
    if spki_sha256(key.public_key()) != spki_or_empty(leaf):
        message = f"the private key does not belong to {describe_subject(leaf)} (serial {serial_hex(leaf)})"
        raise MaterialError(message, code="key-mismatch", hint="take key and certificate of the same request")
    if isinstance(key, rsa.RSAPrivateKey):
        _verify_signs(key)


def _verify_signs(key: rsa.RSAPrivateKey) -> None:
    proof = b"edgecert"
    try:
        signature = key.sign(proof, padding.PKCS1v15(), hashes.SHA256())
        key.public_key().verify(signature, proof, padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, InvalidSignature) as error:
        message = "the private key is damaged: its signatures are not valid"
        raise MaterialError(message, code="not-a-key", hint="take the key from a backup, or get a new one") from error


def verify_strength(certificate: x509.Certificate) -> None:
    """Prove that signature and key are strong enough for today's TLS libraries to accept them.

    Raises:
        MaterialError: ``weak-signature`` (MD5, SHA-1) or ``weak-key`` (RSA below 2048 bits).
    """
    name = describe_subject(certificate)
    try:
        algorithm = certificate.signature_hash_algorithm
        public_key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError) as error:
        message = f"the certificate {name} uses an algorithm that is not supported: {error}"
        raise MaterialError(
            message, code="unsupported-key", hint="have it signed with SHA-256 and an RSA or ECDSA key"
        ) from error
    weak = isinstance(algorithm, hashes.MD5 | hashes.SHA1)
    if weak or certificate.signature_algorithm_oid in {
        SignatureAlgorithmOID.RSA_WITH_MD5,
        SignatureAlgorithmOID.RSA_WITH_SHA1,
    }:
        message = f"the certificate {name} is signed with a weak hash ({algorithm.name if algorithm else 'unknown'})"
        raise MaterialError(message, code="weak-signature", hint="have the CA sign with SHA-256")
    if isinstance(public_key, rsa.RSAPublicKey) and public_key.key_size < _MINIMUM_RSA_BITS:
        message = f"the certificate {name} has an RSA key of {public_key.key_size} bits"
        raise MaterialError(message, code="weak-key", hint=f"{_MINIMUM_RSA_BITS} bits are the least that is accepted")


def verify_leaf(chain: Chain, *, now: datetime) -> None:
    """Prove what must hold of a chain before it is stored: dates and strength of each certificate, the leaf's purpose.

    Whom it is trusted by is not asked here; see :func:`verify_trust`.

    Raises:
        MaterialError: as :func:`verify_dates` and :func:`verify_strength`; ``wrong-purpose`` when the leaf is not
            for TLS servers.
    """
    for certificate in chain.certificates:
        verify_dates(certificate, now=now)
        verify_strength(certificate)
    try:
        usage = chain.leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return  # RFC 5280 §4.2.1.12: without the extension any purpose is allowed
    if not {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(usage):
        message = f"the certificate {describe_subject(chain.leaf)} is not for TLS servers (extended key usage)"
        raise MaterialError(message, code="wrong-purpose", hint="ask the CA for a web server certificate")


def verify_trust(
    chain: Chain | Sequence[x509.Certificate], roots: Sequence[x509.Certificate], *, now: datetime
) -> None:
    """Prove that ``chain`` (leaf first) ends at one of ``roots`` and that nothing on the way forbids it.

    Signatures, dates, basicConstraints, key usage and name constraints of RFC 5280 §6 are looked at; what only the
    web's own rules demand is not, so that a company's CA passes. Revocation is not looked at.

    Raises:
        MaterialError: ``expired``, ``not-yet-valid``, ``untrusted-root`` (named), ``untrusted-chain`` (with the
            reason), ``empty-chain``.
    """
    certificates = chain.certificates if isinstance(chain, Chain) else tuple(chain)
    if not certificates:
        message = "the chain holds no certificate"
        raise MaterialError(message, code="empty-chain", hint="give leaf and intermediates")
    verify_path(certificates, roots, now=now)
