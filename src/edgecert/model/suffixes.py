"""Which domains a public CA can vouch for: what is reserved, what is only known inside, what belongs to a registry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

RESERVED: Final = MappingProxyType(
    {
        "test": "RFC 2606 §2 keeps .test for tests",
        "example": "RFC 2606 §2 keeps .example for documentation",
        "invalid": "RFC 2606 §2 keeps .invalid for names that must not resolve",
        "localhost": "RFC 6761 §6.3 keeps .localhost for the host itself",
        "example.com": "RFC 2606 §3 keeps example.com for documentation",
        "example.net": "RFC 2606 §3 keeps example.net for documentation",
        "example.org": "RFC 2606 §3 keeps example.org for documentation",
        "local": "RFC 6762 §3 keeps .local for multicast DNS",
        "onion": "RFC 7686 keeps .onion for Tor",
        "alt": "RFC 9476 keeps .alt for names outside the DNS",
        "arpa": ".arpa is the DNS’s own infrastructure (RFC 3172; home.arpa by RFC 8375)",
        "internal": "ICANN keeps .internal for private networks",
        "corp": "ICANN never delegates .corp, it collides with names in use inside networks",
        "home": "ICANN never delegates .home, it collides with names in use inside networks",
        "mail": "ICANN never delegates .mail, it collides with names in use inside networks",
    }
)
# These are nobody's by decree, only by habit: the word that describes them is "internal", not "reserved".
_BY_HABIT: Final = frozenset({"internal", "corp", "home", "mail"})


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a public CA will not certify a domain: the code of the finding, the reason, and what helps."""

    code: str
    reason: str
    hint: str


def doubt_domain(domain: str) -> Doubt | None:
    """Give the reason why no public CA certifies ``domain`` (normalised), or None if somebody can own it."""
    if "." not in domain:
        hint = "Write the whole name with its domain."
        return Doubt("single-label", "it is a single label, which nobody outside this network can own", hint)
    return _reserved(domain) or _unlisted(domain)


def registered_domain(domain: str) -> str:
    """Give the part of ``domain`` that was registered, ``contoso.co.uk`` of ``sip.contoso.co.uk``; else the domain."""
    return _suffixes().privatesuffix(domain, accept_unknown=True) or domain


def list_date() -> str:
    """Give the date of the packaged public suffix list, ``YYYY-MM-DD``."""
    import publicsuffixlist  # noqa: PLC0415  # with its list 40 ms, paid only by a plan

    # The package's last version number is the day of its list.
    day = publicsuffixlist.__version__.rpartition(".")[2]
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"


def _reserved(domain: str) -> Doubt | None:
    labels = domain.split(".")
    for depth in (1, 2):
        suffix = ".".join(labels[-depth:])
        if suffix in RESERVED:
            code = "internal-name" if suffix in _BY_HABIT else "reserved-name"
            return Doubt(code, RESERVED[suffix], "Use a domain that you have registered, or a local CA.")
    return None


def _unlisted(domain: str) -> Doubt | None:
    suffix = _suffixes().publicsuffix(domain, accept_unknown=False)
    if suffix is None:
        reason = f".{domain.rpartition('.')[2]} is no public top-level domain"
        hint = f"By the public suffix list of {list_date()}. Use a domain that you have registered, or a local CA."
        return Doubt("internal-name", reason, hint)
    if suffix == domain:
        hint = f"By the public suffix list of {list_date()}. Name a domain below it."
        return Doubt("public-suffix", f"{domain} is a public suffix, below which others register", hint)
    return None


@cache
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415  # as above

    # Only the registries' part: the owners of the private part (github.io) do get certificates for it.
    return PublicSuffixList(only_icann=True)
