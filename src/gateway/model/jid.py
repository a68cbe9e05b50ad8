"""JIDs (RFC 7622): parsed, prepared and compared.

Domainparts are kept as A-labels in lower case, so that they compare with host names, certificates and the partner
table; ``wire`` gives the U-label spelling that RFC 7622 §3.2 wants on the wire. Localparts are prepared by
UsernameCaseMapped and resourceparts by OpaqueString (RFC 8265), as far as Unicode data of the standard library goes:
the bidi rule is not enforced.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from typing_extensions import override

from edgecert.shared.names import NameProblem, normalise_domain, to_unicode
from gateway.errors import AddressError

MAX_PART: Final = 1023  # octets, RFC 7622 §3.1
_ASCII_LOCAL: Final = re.compile(r"[!#$%()*+,\-.0-9;=?A-Z\[\\\]^_`a-z{|}~]+")  # RFC 7622 §3.3.1 takes "&'/:<>@ out
_EXCLUDED: Final = frozenset("\"&'/:<>@")
_IDENTIFIER_CATEGORIES: Final = frozenset({"Ll", "Lu", "Lo", "Lm", "Mn", "Mc", "Nd"})  # RFC 8264 §9.1, LetterDigits
# RFC 8264 §9.9, §9.13: old Hangul jamo, and letters and marks that nobody sees. Home systems that prepare addresses as
# RFC 3920 had it take the latter away, and would deliver to another user than policy was asked about.
_UNSEEN: Final = re.compile(
    "[\u034f\u1100-\u11ff\u17b4\u17b5\u180b-\u180d\u180f\u3164\ua960-\ua97c\ud7b0-\ud7fb\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
_REFUSED_CATEGORIES: Final = frozenset({"Cc", "Cs", "Cn", "Co"})
_LONGEST_KEPT: Final = 256  # partners choose their users' names: thousands of long ones must not stay in memory
_WIDE: Final = frozenset({"F", "H"})


@dataclass(frozen=True, slots=True)
class Jid:
    """An address: ``local@domain/resource``; an absent part is the empty string."""

    local: str
    domain: str
    resource: str = ""

    @staticmethod
    def parse(text: str) -> Jid:
        """Give the prepared address that ``text`` names.

        Raises:
            AddressError: ``text`` is no JID.
        """
        return _parse(text) if len(text) <= _LONGEST_KEPT else _parse.__wrapped__(text)

    @property
    def bare(self) -> Jid:
        """The address without its resourcepart."""
        return Jid(self.local, self.domain) if self.resource else self

    @property
    def wire(self) -> str:
        """The address with the domainpart in U-labels, as RFC 7622 §3.2 has it on the wire."""
        return _join(self.local, to_unicode(self.domain), self.resource)

    def is_spelled(self, text: str) -> bool:
        """Whether ``text`` is this address in canonical spelling, so that it may be passed on as it is."""
        return text == str(self) or (not text.isascii() and text == self.wire)

    @override
    def __str__(self) -> str:
        return _join(self.local, self.domain, self.resource)


def _join(local: str, domain: str, resource: str) -> str:
    text = f"{local}@{domain}" if local else domain
    return f"{text}/{resource}" if resource else text


def parse_domain(text: str) -> str:
    """Give the prepared domain that ``text`` names: no localpart, no resourcepart.

    Raises:
        AddressError: ``text`` is no domain.
    """
    jid = Jid.parse(text)
    if jid.local or jid.resource:
        message = f"{text!r} is not a bare domain"
        raise AddressError(message)
    return jid.domain


# A gateway sees the same addresses again and again; preparing them is the dearest step of reading a stanza.
@lru_cache(maxsize=65536)
def _parse(text: str) -> Jid:
    # RFC 7622 §3.1: first the resourcepart is cut at the first "/", then the localpart at the first "@".
    address, slash, resource = text.partition("/")
    local, at, domain = address.rpartition("@") if address.count("@") <= 1 else ("", "@", "")
    if (slash and not resource) or (at and not local):
        message = f"{text!r} is no JID: a part is empty or it has two '@'"
        raise AddressError(message)
    try:
        domain = normalise_domain(domain)
    except NameProblem as problem:
        message = f"{text!r} is no JID: {problem}"
        raise AddressError(message) from problem
    return Jid(_prepare_local(local) if local else "", domain, _prepare_resource(resource) if resource else "")


def _prepare_local(text: str) -> str:
    if _ASCII_LOCAL.fullmatch(text):
        prepared = text.lower()
    else:
        # RFC 8265 §3.3.2: width mapping, case mapping, NFC; then only characters of the IdentifierClass may be left.
        wide = "".join(
            unicodedata.normalize("NFKC", c) if unicodedata.east_asian_width(c) in _WIDE else c for c in text
        )
        prepared = unicodedata.normalize("NFC", wide.lower())
        _verify_identifier(prepared)
    return _verify_length(prepared)


def _verify_identifier(text: str) -> None:
    for character in text:
        if character in _EXCLUDED or not _is_identifier(character):
            message = f"a localpart may not contain U+{ord(character):04X}"
            raise AddressError(message)


def _is_identifier(character: str) -> bool:
    if character.isascii():
        return "!" <= character <= "~"
    stable = unicodedata.normalize("NFKC", character) == character  # RFC 8264 §9.17, HasCompat
    return stable and not _UNSEEN.match(character) and unicodedata.category(character) in _IDENTIFIER_CATEGORIES


def _prepare_resource(text: str) -> str:
    if text.isascii() and text.isprintable():
        return _verify_length(text)
    # RFC 8265 §4.2: every space becomes U+0020, then NFC; controls and unassigned characters are refused.
    spaced = "".join(" " if unicodedata.category(c) == "Zs" else c for c in text)
    for character in spaced:
        if unicodedata.category(character) in _REFUSED_CATEGORIES:
            message = f"a resourcepart may not contain U+{ord(character):04X}"
            raise AddressError(message)
    return _verify_length(unicodedata.normalize("NFC", spaced))


def _verify_length(part: str) -> str:
    if len(part.encode()) > MAX_PART:
        message = f"a part of a JID is longer than {MAX_PART} octets"
        raise AddressError(message)
    return part
