"""How a certificate differs from what was asked of the CA, beyond its names: each difference is a finding."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edgecert.model.findings import Finding, Severity
from edgecert.shared.clock import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from edgecert.shared.chain import Chain

# How long the certificates of a profile live, from and to, by the name that Let's Encrypt and those after it gave it.
_LIVES: Final[Mapping[str, tuple[timedelta, timedelta]]] = MappingProxyType(
    {
        "shortlived": (timedelta(days=1), timedelta(days=7)),  # BR 1.6.1: "Short-lived Subscriber Certificate"
        "tlsserver": (timedelta(days=30), timedelta(days=91)),
        "classic": (timedelta(days=44), timedelta(days=100)),
    }
)
# CAs let certificates begin a while before they sign, for clocks that are behind; Let's Encrypt an hour.
_BACKDATED: Final = timedelta(hours=25)
_LATER: Final = timedelta(minutes=5)
_USAGES: Final = MappingProxyType(
    {ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth", ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth"}
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of the CA: the CSR, when that was made, and the profile of the order.

    Where ``by_us`` is false a person brought the answer, who may well have added a root.
    """

    csr: x509.CertificateSigningRequest
    at: datetime
    profile: str = ""
    by_us: bool = True


def compare_issued(asked: Asked, chain: Chain, *, now: datetime) -> tuple[Finding, ...]:
    """Give what differs between what was asked and what ``chain`` is, names apart; nothing when it is as it should."""
    leaf = chain.leaf
    others = _others(chain) if asked.by_us else ()
    return (*_common_name(asked.csr, leaf), *_usages(asked.csr, leaf), *_dates(asked, leaf, now), *others)


def _common_name(csr: x509.CertificateSigningRequest, leaf: x509.Certificate) -> Iterator[Finding]:
    asked, issued = _common_name_of(csr.subject), _common_name_of(leaf.subject)
    if asked == issued:
        return
    if not issued:
        message = f"the CA left the common name {asked} out, as newer profiles do; the name is in the subjectAltName"
        yield Finding("common-name-dropped", Severity.INFO, (asked,), message)
    else:
        before = f"instead of {asked}" if asked else "that was not asked for"
        message = f"the CA chose the common name {issued} {before}"
        yield Finding("common-name-chosen", Severity.INFO, (issued,), message, "nothing looks at it any more")


def _common_name_of(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def _usages(csr: x509.CertificateSigningRequest, leaf: x509.Certificate) -> Iterator[Finding]:
    asked = _usages_of(csr.extensions) or frozenset({ExtendedKeyUsageOID.SERVER_AUTH})
    issued = _usages_of(leaf.extensions)
    if not issued or issued == asked:
        return  # without the extension a certificate is for every purpose
    if missing := asked - issued:
        message = f"the certificate is not for {_words(missing)}, which was asked for"
        hint = "public CAs sign serverAuth alone from 2026 on; for clientAuth take a private CA"
        severity = Severity.ERROR if ExtendedKeyUsageOID.SERVER_AUTH in missing else Severity.WARNING
        yield Finding("usage-missing", severity, (), message, hint)
    if added := issued - asked:
        message = f"the certificate is also for {_words(added)}, which was not asked for"
        yield Finding("usage-added", Severity.INFO, (), message)


def _usages_of(extensions: x509.Extensions) -> frozenset[x509.ObjectIdentifier]:
    try:
        return frozenset(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return frozenset()


def _words(usages: frozenset[x509.ObjectIdentifier]) -> str:
    return ", ".join(sorted(_USAGES.get(usage, usage.dotted_string) for usage in usages))


def _dates(asked: Asked, leaf: x509.Certificate, now: datetime) -> Iterator[Finding]:
    begin, life = leaf.not_valid_before_utc, leaf.not_valid_after_utc - leaf.not_valid_before_utc
    shortest, longest = _LIVES.get(asked.profile, (timedelta(), timedelta.max))
    if not shortest <= life <= longest:
        bound = f"at most {_days(longest)}" if life > longest else f"at least {_days(shortest)}"
        message = f"the certificate lives {_days(life)}; those of the profile {asked.profile} live {bound}"
        yield Finding("validity-differs", Severity.WARNING, (), message, "see what the CA says of its profiles")
    if begin < asked.at - _BACKDATED:
        message = f"the certificate begins on {format_time(begin)}, long before it was asked for"
        hint = "some of its life is gone already; ask the CA why, and see that this host's clock is right"
        yield Finding("backdated", Severity.WARNING, (), message, hint)
    if begin > now + _LATER:
        message = f"the certificate begins on {format_time(begin)} only; until then nobody accepts it"
        yield Finding("begins-later", Severity.WARNING, (), message, "see that this host's clock is right")


def _days(life: timedelta) -> str:
    days = life / timedelta(days=1)
    return f"{days:.1f} days" if days < 10 else f"{days:.0f} days"


def _others(chain: Chain) -> Iterator[Finding]:
    if chain.dropped_roots:
        message = "the CA sent its root too, which was left out: clients have it or do not trust it"
        yield Finding("root-left-out", Severity.INFO, (), message)
    if chain.unused:
        message = f"{len(chain.unused)} of the certificates that the CA sent belong to no chain of ours; left out"
        yield Finding("strangers-left-out", Severity.INFO, (), message)
