"""A public key infrastructure per test run: nothing is checked in, everything can be made wrong on purpose.

``Pki.create(directory)`` makes a root and an intermediate; :meth:`Pki.issue` makes leaves. Names are text with an
optional kind: ``contoso.example`` and ``*.contoso.example`` (dNSName), ``ip:127.0.0.1``, ``xmpp:contoso.example``
(id-on-xmppAddr), ``srv:_xmpp-server.contoso.example`` (id-on-dnsSRV).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from edgecert.shared.bundle import make_bundle
from edgecert.shared.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edgecert.shared.bundle import Bundle

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
KeyKind = Literal["ecdsa-256", "ecdsa-384", "rsa-2048"]
Eku = Literal["server", "client"]

XMPP_ADDR = ObjectIdentifier("1.3.6.1.5.5.7.8.5")
SRV_NAME = ObjectIdentifier("1.3.6.1.5.5.7.8.7")
_EKU_OIDS = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}
_DAY = timedelta(days=1)


def now() -> datetime:
    """Give the real time to the second: certificates are made for real handshakes."""
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251  # real handshakes look at the real clock


@dataclass(frozen=True, slots=True)
class Issued:
    """A leaf with its key and what its server presents: leaf first, root left out."""

    key_pem: bytes
    cert_pem: bytes
    chain_pem: bytes
    cert: x509.Certificate
    chain: tuple[x509.Certificate, ...]

    @property
    def fullchain_pem(self) -> bytes:
        """The leaf and the intermediates, as servers present them."""
        return self.cert_pem + self.chain_pem

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """Leaf first, then the intermediates."""
        return (self.cert, *self.chain)

    def bundle(self, name: str = "edge", generation: int = 1, *, exportable: bool = True) -> Bundle:
        """Give it as a generation of the lineage ``name``."""
        return make_bundle(
            Secret(self.key_pem),
            self.certificates,
            name=name,
            generation=generation,
            friendly_name="",
            issuer_kind="local",
            exportable=exportable,
            created_at=now(),
        )

    def write(self, directory: Path, stem: str = "server") -> tuple[Path, Path]:
        """Write ``<stem>.crt`` (full chain) and ``<stem>.key`` (0600) and give both paths."""
        directory.mkdir(parents=True, exist_ok=True)
        certificate, key = directory / f"{stem}.crt", directory / f"{stem}.key"
        certificate.write_bytes(self.fullchain_pem)
        key.touch(mode=0o600)
        key.write_bytes(self.key_pem)
        return certificate, key


def make_key(kind: KeyKind = "ecdsa-256") -> PrivateKey:
    """Make a private key."""
    if kind == "rsa-2048":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP384R1() if kind == "ecdsa-384" else ec.SECP256R1())


def key_to_pem(key: PrivateKey) -> bytes:
    """Give PKCS#8 PEM without a password."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def to_pem(certificate: x509.Certificate) -> bytes:
    """Give PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def general_name(text: str) -> x509.GeneralName:
    """Give the subjectAltName entry for a name text as the module describes it."""
    kind, _, rest = text.rpartition(":") if text.startswith(("xmpp:", "srv:")) else ("", "", text)
    if text.startswith("ip:"):
        return x509.IPAddress(ipaddress.ip_address(text[3:]))
    if kind == "xmpp":
        return x509.OtherName(XMPP_ADDR, _der_string(0x0C, rest.encode()))
    if kind == "srv":
        return x509.OtherName(SRV_NAME, _der_string(0x16, rest.encode()))
    return x509.DNSName(text)


def _der_string(tag: int, value: bytes) -> bytes:
    length = bytes([len(value)]) if len(value) < 128 else b"\x81" + bytes([len(value)])
    return bytes([tag]) + length + value


def _subject(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])]) if common_name else x509.Name([])


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA certificate with its key."""

    cert: x509.Certificate
    key: PrivateKey

    @classmethod
    def create(
        cls,
        name: str,
        *,
        issuer: Authority | None = None,
        path_length: int | None = None,
        constraints: x509.NameConstraints | None = None,
        purposes: Sequence[ObjectIdentifier] = (),
        signs: bool = True,
    ) -> Authority:
        """Make a root, or below ``issuer`` an intermediate; without ``signs`` its key usage leaves out keyCertSign."""
        key = make_key()
        subject, moment = _subject(name), now()
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.cert.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(moment - 400 * _DAY)
            .not_valid_after(moment + 3650 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
            .add_extension(_key_usage(ca=signs), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        if issuer is not None:
            builder = builder.add_extension(_authority_key_identifier(issuer), critical=False)
        if constraints is not None:
            builder = builder.add_extension(constraints, critical=True)
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        return cls(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, key_cert_sign=ca, crl_sign=ca, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _authority_key_identifier(issuer: Authority) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())


@dataclass(frozen=True, slots=True)
class Pki:
    """A root, an intermediate below it, and the file that a trust store is pointed at (``ca.pem``: the root alone)."""

    root: Authority
    intermediate: Authority
    ca_file: Path

    @classmethod
    def create(cls, directory: Path, *, name: str = "Test") -> Pki:
        """Make a fresh PKI and write its root to ``ca.pem`` in ``directory``."""
        root = Authority.create(f"{name} Root CA", path_length=1)
        intermediate = Authority.create(f"{name} Issuing CA", issuer=root, path_length=0)
        directory.mkdir(parents=True, exist_ok=True)
        ca_file = directory / "ca.pem"
        ca_file.write_bytes(to_pem(root.cert))
        return cls(root, intermediate, ca_file)

    def issue(
        self,
        names: Sequence[str],
        *,
        eku: Sequence[Eku] = ("server",),
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        key: KeyKind = "ecdsa-256",
        private_key: PrivateKey | None = None,
        common_name: str = "",
        ca: bool = False,
        self_signed: bool = False,
        from_root: bool = False,
        extensions: Sequence[x509.ExtensionType] = (),
    ) -> Issued:
        """Make a leaf for ``names``.

        Defaults: serverAuth alone (as public CAs do now), valid from an hour ago for 90 days, below the
        intermediate. An empty ``eku`` leaves the extension out; ``self_signed`` signs with the leaf's own key;
        ``from_root`` skips the intermediate; ``ca`` makes a CA certificate that is used as a leaf; ``extensions`` are
        added as they are.
        """
        own = private_key or make_key(key)
        issuer = self.root if from_root else self.intermediate
        subject = _subject(common_name)
        begin = not_before or now() - timedelta(hours=1)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if self_signed else issuer.cert.subject)
            .public_key(own.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(not_after or begin + 90 * _DAY)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(_key_usage(ca=ca), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        )
        if names:
            alternative = x509.SubjectAlternativeName([general_name(name) for name in names])
            builder = builder.add_extension(alternative, critical=not common_name)
        if eku:
            builder = builder.add_extension(x509.ExtendedKeyUsage([_EKU_OIDS[item] for item in eku]), critical=False)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        if not self_signed:
            builder = builder.add_extension(_authority_key_identifier(issuer), critical=False)
        cert = builder.sign(own if self_signed else issuer.key, hashes.SHA256())
        chain = () if self_signed or from_root else (self.intermediate.cert,)
        return Issued(key_to_pem(own), to_pem(cert), b"".join(map(to_pem, chain)), cert, chain)

    def expired(self, names: Sequence[str]) -> Issued:
        """Make a leaf that ended yesterday."""
        return self.issue(names, not_before=now() - 30 * _DAY, not_after=now() - _DAY)
