"""The CA behind the tests' ACME server: profiles, signing (right or wrong on purpose), renewal information."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.support.acmejose import RefusedHere, b64
from tests.support.pki import Authority, Pki, general_name, make_key, to_pem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from cryptography.x509.oid import ObjectIdentifier

Chain = Literal["whole", "leaf-only", "wrong-intermediate", "with-root", "with-stranger", "shuffled"]
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a CA promises of one kind of certificate."""

    description: str
    validity: timedelta = 90 * _DAY
    most_names: int = 100
    addresses: bool = True
    common_name: bool = True


CLASSIC = Profile("https://ca.example.net/profiles#classic")
TLSSERVER = Profile("https://ca.example.net/profiles#tlsserver", 45 * _DAY, 25, addresses=False, common_name=False)
SHORTLIVED = Profile("https://ca.example.net/profiles#shortlived", timedelta(hours=160), 25, common_name=False)
PROFILES: dict[str, Profile] = {"classic": CLASSIC, "tlsserver": TLSSERVER, "shortlived": SHORTLIVED}
"""The profiles of Let's Encrypt as they are in 2026."""


@dataclass(frozen=True, slots=True)
class Misissue:
    """How a certificate is to differ from what was asked and promised; as it is made, it does not."""

    drop_names: frozenset[str] = frozenset()
    add_names: tuple[str, ...] = ()
    common_name: str | None = None
    """None: the first name of the CSR's subject, where the profile has a common name."""
    validity: timedelta | None = None
    backdate: timedelta = timedelta(hours=1)
    usages: tuple[ObjectIdentifier, ...] = (ExtendedKeyUsageOID.SERVER_AUTH,)
    other_key: bool = False
    chain: Chain = "whole"


AS_ASKED = Misissue()


@dataclass(frozen=True, slots=True)
class Window:
    """What renewal information says of a certificate (RFC 9773 §4.2)."""

    start: datetime
    end: datetime
    explanation: str = ""


@dataclass
class Certified:
    """A certificate that was issued: for which account, under which order, and what became of it."""

    certificate: x509.Certificate
    pem: str
    account: str
    replaced_by: str = ""
    revoked: int | None = None


@dataclass
class TestCa:
    """Signs, revokes, and says when to renew."""

    __test__ = False  # not a class of tests

    directory: Path
    clock: Callable[[], datetime]
    misissue: Misissue = AS_ASKED
    """How every certificate from now on differs from what was asked."""
    windows: dict[str, Window] = field(default_factory=dict)
    """By certificate identifier: what renewal information says instead of the last third of the life."""
    every_window: Window | None = None
    """What it says for every certificate that ``windows`` has not, as in a mass revocation."""
    renewal_retry_after: str = "21600"
    issued: dict[str, Certified] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the CA."""
        self.pki = Pki.create(self.directory / "acme-pki")

    def sign(self, csr: x509.CertificateSigningRequest, profile: Profile, account: str) -> Certified:
        """Sign ``csr`` as ``misissue`` has it."""
        how, ca = self.misissue, self.pki.intermediate
        begin = self.clock().replace(microsecond=0) - how.backdate
        key = make_key().public_key() if how.other_key else csr.public_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(self._subject(csr, profile))
            .issuer_name(ca.cert.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + (how.validity or profile.validity))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(self._names(csr)), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), critical=False)
        )
        if how.usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(how.usages), critical=False)
        leaf = builder.sign(ca.key, hashes.SHA256())
        made = Certified(leaf, "".join(to_pem(entry).decode() for entry in self._chain(leaf)), account)
        self.issued[certificate_id(leaf)] = made
        return made

    def _subject(self, csr: x509.CertificateSigningRequest, profile: Profile) -> x509.Name:
        common_name = self.misissue.common_name
        if common_name is None:
            return csr.subject if profile.common_name else x509.Name([])
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]) if common_name else x509.Name([])

    def _names(self, csr: x509.CertificateSigningRequest) -> list[x509.GeneralName]:
        asked = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        kept = [name for name in asked if str(name.value) not in self.misissue.drop_names]
        return kept + [general_name(text) for text in self.misissue.add_names]

    def _chain(self, leaf: x509.Certificate) -> list[x509.Certificate]:
        match self.misissue.chain:
            case "whole":
                return [leaf, self.pki.intermediate.cert]
            case "leaf-only":
                return [leaf]
            case "with-root":
                return [leaf, self.pki.intermediate.cert, self.pki.root.cert]
            case "shuffled":
                return [self.pki.intermediate.cert, leaf]
            case "wrong-intermediate":
                return [leaf, self._other.cert]
            case "with-stranger":
                return [leaf, self.pki.intermediate.cert, self._other.cert]

    @cached_property
    def _other(self) -> Authority:
        """An intermediate of another CA."""
        return Authority.create("Some Other CA", issuer=Authority.create("Some Other Root"))

    def find(self, certificate: x509.Certificate) -> Certified:
        """Give what is known of a certificate.

        Raises:
            RefusedHere: it is not of this CA.
        """
        for known in self.issued.values():
            if known.certificate == certificate:
                return known
        raise RefusedHere(404, "malformed", "no such certificate")

    def verify_replaceable(
        self, identifier: str, account: str, names: frozenset[str], live: Callable[[str], bool]
    ) -> None:
        """See that an order may say that it replaces a certificate (RFC 9773 §5).

        Raises:
            RefusedHere: unknown, of another account, without a name in common, or ``alreadyReplaced``.
        """
        known = self.issued.get(identifier)
        if known is None:
            raise RefusedHere(404, "malformed", f"no certificate {identifier}")
        if known.account != account:
            raise RefusedHere(403, "unauthorized", "the replaced certificate is of another account")
        if not names & names_of(known.certificate):
            raise RefusedHere(400, "malformed", "the replaced certificate has none of these names")
        if known.replaced_by and live(known.replaced_by):
            raise RefusedHere(409, "alreadyReplaced", f"replaced by {known.replaced_by} already")

    def renewal_info(self, identifier: str) -> Mapping[str, object]:
        """Give what renewal information says (RFC 9773 §4.2): the last third of the life if nothing else is planned.

        Raises:
            RefusedHere: the certificate is not known.
        """
        known = self.issued.get(identifier)
        if known is None:
            raise RefusedHere(404, "malformed", f"no certificate {identifier}")
        leaf, now = known.certificate, self.clock()
        life = leaf.not_valid_after_utc - leaf.not_valid_before_utc
        start = leaf.not_valid_after_utc - life / 3
        usual = Window(start, start + min(life / 12, 2 * _DAY))
        if known.revoked is not None:
            usual = Window(now - 2 * _DAY, now - _DAY, "https://ca.example.net/incident")
        window = self.windows.get(identifier) or self.every_window or usual
        return {
            "suggestedWindow": {"start": _rfc3339(window.start), "end": _rfc3339(window.end)},
            **({"explanationURL": window.explanation} if window.explanation else {}),
        }


def names_of(certificate: x509.Certificate | x509.CertificateSigningRequest) -> frozenset[str]:
    """Give the texts of the alternative names."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return frozenset(str(name.value) for name in names)


def certificate_id(certificate: x509.Certificate) -> str:
    """Give the identifier of a certificate: key identifier of its issuer, and its serial (RFC 9773 §4.1)."""
    issuer = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier or b""
    serial = certificate.serial_number
    return f"{b64(issuer)}.{b64(serial.to_bytes(serial.bit_length() // 8 + 1))}"


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
