"""Which domains a public CA can vouch for: what is reserved, what is only known inside, what belongs to a registry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from edgecert.shared.names import to_unicode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    return _suffixes(_top(domain)).privatesuffix(domain, accept_unknown=True) or domain


def list_date() -> str:
    """Give the date of the packaged public suffix list, ``YYYY-MM-DD``."""
    return _registries().date


def _top(domain: str) -> str:
    return domain.rpartition(".")[2]


def _reserved(domain: str) -> Doubt | None:
    labels = domain.split(".")
    for depth in (1, 2):
        suffix = ".".join(labels[-depth:])
        if suffix in RESERVED:
            code = "internal-name" if suffix in _BY_HABIT else "reserved-name"
            return Doubt(code, RESERVED[suffix], "Use a domain that you have registered, or a local CA.")
    return None


def _unlisted(domain: str) -> Doubt | None:
    suffix = _suffixes(_top(domain)).publicsuffix(domain, accept_unknown=False)
    if suffix is None:
        reason = f".{to_unicode(_top(domain))} is no public top-level domain"
        hint = f"By the public suffix list of {list_date()}. Use a domain that you have registered, or a local CA."
        return Doubt("internal-name", reason, hint)
    if suffix == domain:
        hint = f"By the public suffix list of {list_date()}. Name a domain below it."
        return Doubt("public-suffix", f"{domain} is a public suffix, below which others register", hint)
    return None


@dataclass(frozen=True, slots=True)
class _Registries:
    """The registries' part of the list: its date, and its rules by top-level domain as they stand there (U-labels)."""

    date: str
    rules: Mapping[str, Sequence[str]]


@cache
def _registries() -> _Registries:
    from publicsuffixlist import PSLFILE  # noqa: PLC0415  # 10 ms, paid only by a plan

    text = Path(PSLFILE).read_text(encoding="utf-8")
    # The owners of the private part of the list (github.io) do get certificates for what stands there.
    header, _, icann = text.partition("// ===BEGIN ICANN DOMAINS===\n")
    rules: dict[str, list[str]] = {}
    for line in icann.partition("// ===END ICANN DOMAINS===")[0].splitlines():
        if line and not line.startswith("//"):
            rules.setdefault(line.rpartition(".")[2], []).append(line)
    version = re.search(r"// VERSION: ([0-9-]{10})", header)
    return _Registries(version[1] if version else "an unknown date", rules)


@cache
def _suffixes(top: str) -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415  # as above

    # Of one top-level domain only: preparing all ten thousand rules takes 25 ms, these are ready at once.
    return PublicSuffixList(source=_registries().rules.get(to_unicode(top), ()))
