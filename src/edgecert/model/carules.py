"""What CAs themselves ask of a request, as data: checked here before an order is spent on what they would refuse.

The facts are those that the CAs publish: for Let's Encrypt its profiles (letsencrypt.org/docs/profiles, 2026-09-08) and
the policy of its server Boulder (``policy/pa.go``, ``csr/csr.go``). Of other public CAs only what the
CA/Browser Forum's Baseline Requirements ask of every one is sure. A directory that is not listed here may be a private
CA: nobody knows its rules, so that what public ones refuse is a warning there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from edgecert.model.findings import Finding, severity_for
from edgecert.model.suffixes import doubt_domain
from edgecert.shared.duration import format_duration
from edgecert.shared.names import DnsName, IpName, NameProblem, normalise_domain, to_unicode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from edgecert.model.request import CertificateRequest, IssuerOptions
    from edgecert.shared.names import GeneralName

NAME_LIMIT: Final = 100  # what the public CAs take in their ordinary profiles
PRIVATE_ACME: Final = "private-acme"
"""The kind of issuer, in tables of severities, for an ACME directory that is no known public CA's."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of certificate that a CA offers (draft-aaron-acme-profiles)."""

    validity: timedelta
    max_names: int = NAME_LIMIT
    common_name: bool = True
    addresses: bool = False
    """Whether IP addresses are signed."""


@dataclass(frozen=True, slots=True)
class CaRules:
    """What is known of one CA; empty means that nothing is known, and nothing is checked."""

    name: str
    caa: tuple[str, ...]
    """The domains that stand for it in CAA records."""
    keys: frozenset[str] = frozenset()
    default_profile: str = ""
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    ended_profiles: Mapping[str, str] = field(default_factory=dict)
    max_labels: int = 0
    contact_checked: bool = False
    """Whether addresses for notices in reserved domains are refused."""

    def profile(self, name: str) -> Profile | None:
        """Give the profile ``name``, the default for an empty name; None where it is not known."""
        return self.profiles.get(name or self.default_profile)


_LETS_ENCRYPT: Final = CaRules(
    name="Let's Encrypt",
    caa=("letsencrypt.org",),
    keys=frozenset({"rsa-2048", "rsa-3072", "rsa-4096", "ecdsa-256", "ecdsa-384"}),
    default_profile="classic",
    profiles=MappingProxyType(
        {
            "classic": Profile(timedelta(days=90)),
            "tlsserver": Profile(timedelta(days=45), max_names=25, common_name=False),
            "shortlived": Profile(timedelta(hours=160), max_names=25, common_name=False, addresses=True),
        }
    ),
    ended_profiles=MappingProxyType({"tlsclient": "2026-07-08"}),
    max_labels=10,
    contact_checked=True,
)


def _public(name: str, *caa: str) -> CaRules:
    return CaRules(name, caa)


_STAGING_HOSTS: Final = frozenset({"dv.acme-v02.test-api.pki.goog", "api.test4.buypass.no", "acme-api.actalis.test"})
# Each by the host of its directory; what stands in CAA is from the CAs' own documents.
_RULES: Final[Mapping[str, CaRules]] = MappingProxyType(
    {
        "acme-v02.api.letsencrypt.org": _LETS_ENCRYPT,
        "acme-staging-v02.api.letsencrypt.org": _LETS_ENCRYPT,
        "dv.acme-v02.api.pki.goog": _public("Google Trust Services", "pki.goog"),
        "dv.acme-v02.test-api.pki.goog": _public("Google Trust Services", "pki.goog"),
        "acme.zerossl.com": _public("ZeroSSL", "sectigo.com", "zerossl.com"),
        "acme.sectigo.com": _public("Sectigo", "sectigo.com"),
        "api.buypass.com": _public("Buypass", "buypass.com"),
        "acme.ssl.com": _public("SSL.com", "ssl.com"),
        "acme.digicert.com": _public("DigiCert", "digicert.com"),
        "acme-api.actalis.com": _public("Actalis", "actalis.it"),
    }
)


def rules_for(directory: str) -> CaRules | None:
    """Give what is known of the CA of an ACME directory, or None for one that is not known."""
    return _RULES.get(host_of(directory))


def host_of(directory: str) -> str:
    """Give the host of a directory's URL, in lower case; nothing when it is none."""
    try:
        return (urlsplit(directory).hostname or "").lower()
    except ValueError:
        return ""


def is_staging(directory: str) -> bool:
    """Whether a directory is one of a CA's for tests, whose certificates nobody trusts."""
    host = host_of(directory)
    return host in _STAGING_HOSTS or "staging" in host.replace(".", "-").split("-")


def issuer_of_directory(directory: str) -> str:
    """Give the domain that stands in CAA for the CA of an ACME directory, or nothing where it is not known."""
    rules = rules_for(directory)
    return rules.caa[0] if rules else ""


def kind_for_severity(issuer: IssuerOptions) -> str:
    """Give the column of the table of severities that ``issuer`` falls into.

    An ACME directory that is not known may be a private CA's, for which internal names are what it is there for.
    """
    if issuer.kind == "acme" and issuer.directory and rules_for(issuer.directory) is None:
        return PRIVATE_ACME
    return issuer.kind


def name_limit_for(issuer: IssuerOptions) -> int:
    """Give how many names the issuer takes in one certificate, as far as that is known."""
    profile = _profile_of(issuer)
    return profile.max_names if profile else NAME_LIMIT


def has_common_name(issuer: IssuerOptions) -> bool:
    """Whether a certificate of this issuer and profile has a common name."""
    profile = _profile_of(issuer)
    return profile.common_name if profile else True


def _profile_of(issuer: IssuerOptions) -> Profile | None:
    rules = rules_for(issuer.directory) if issuer.kind == "acme" else None
    return rules.profile(issuer.profile) if rules else None


def check_ca_rules(request: CertificateRequest, names: Sequence[GeneralName]) -> tuple[Finding, ...]:
    """Tell what the CA of ``request`` would refuse by its own rules: key, names, profile, contact."""
    rules = rules_for(request.issuer.directory) if request.issuer.kind == "acme" else None
    return tuple(_check(rules, request, names)) if rules else ()


def _check(rules: CaRules, request: CertificateRequest, names: Sequence[GeneralName]) -> Iterator[Finding]:
    key = f"{request.certificate.key_algorithm}-{request.certificate.bits}"
    if rules.keys and key not in rules.keys:
        message = f"{rules.name} signs no {key} key; it takes {', '.join(sorted(rules.keys))}"
        yield _finding("key-not-taken", (), message, "Set key_algorithm and bit_length to one of them.")
    yield from _check_profile(rules, request.issuer, names)
    deep = [
        name.text
        for name in names
        if isinstance(name, DnsName) and rules.max_labels and len(name.domain.split(".")) > rules.max_labels
    ]
    if deep:
        message = f"{_list(deep)}: {rules.name} takes at most {rules.max_labels} labels in a name"
        yield _finding("too-many-labels", deep, message, "Use a name with fewer dots, or another issuer.")
    if rules.contact_checked:
        yield from _check_contact(rules, request.issuer.email)


def _check_profile(rules: CaRules, issuer: IssuerOptions, names: Sequence[GeneralName]) -> Iterator[Finding]:
    if issuer.profile in rules.ended_profiles:
        message = (
            f"{rules.name} has not issued by profile {issuer.profile!r} since {rules.ended_profiles[issuer.profile]}"
        )
        hint = f"Choose another [issuer] profile: {', '.join(rules.profiles)}."
        yield _finding("profile-ended", (), message, hint)
        return
    profile = rules.profile(issuer.profile)
    if profile is None:
        return  # a new one may be offered: the CA's directory has the list, and is asked before the order
    addresses = [name.text for name in names if isinstance(name, IpName)]
    if addresses and not profile.addresses:
        offering = [name for name, each in rules.profiles.items() if each.addresses]
        called = issuer.profile or rules.default_profile
        message = f"{_list(addresses)}: {rules.name} signs no IP addresses in profile {called!r}"
        hint = "Leave the addresses out, or put them into a certificate of their own"
        if offering:
            lives = format_duration(rules.profiles[offering[0]].validity)
            hint += f' with [issuer] profile = "{offering[0]}", which lives {lives}'
        yield _finding("ip-not-in-profile", addresses, message, f"{hint}.")


def _check_contact(rules: CaRules, email: str) -> Iterator[Finding]:
    domain = email.rpartition("@")[2]
    try:
        doubt = doubt_domain(normalise_domain(domain)) if domain else None
    except NameProblem as problem:
        yield _finding(
            "email-refused", (email,), f"{email}: {problem.message}", "Give another [issuer] email, or none."
        )
        return
    if doubt is not None:
        message = f"{email}: {rules.name} refuses this address for its notices, {doubt.reason}"
        yield _finding("email-refused", (email,), message, "Give another [issuer] email, or none.")


def _finding(code: str, names: Iterable[str], message: str, hint: str) -> Finding:
    return Finding(code, severity_for(code, "acme"), tuple(names), message, hint)


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(map(to_unicode, names[:3]))
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
