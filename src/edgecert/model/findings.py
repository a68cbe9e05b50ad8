"""What the plan has to say about names, and how grave it is for which issuer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class Severity(StrEnum):
    """How grave a finding is: an error keeps the plan from being carried out."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing worth knowing: a stable code, the names it is about (as given, if malformed), what to do."""

    code: str
    severity: Severity
    names: tuple[str, ...]
    message: str
    hint: str = ""


KINDS: Final = ("acme", "private-acme", "csr", "local")
_ALWAYS: Final = {severity: dict.fromkeys(KINDS, severity) for severity in Severity}
# A public CA refuses these names, a private one may know them, and the built-in CA is there for them.
_PUBLIC_CA_REFUSES: Final = {
    "acme": Severity.ERROR,
    "private-acme": Severity.WARNING,
    "csr": Severity.WARNING,
    "local": Severity.INFO,
}

_CODES: Final[Mapping[str, Mapping[str, Severity]]] = MappingProxyType(
    dict.fromkeys(
        (
            "name-empty",
            "name-malformed",
            "empty-label",
            "label-too-long",
            "name-too-long",
            "underscore",
            "bad-a-label",
            "bad-u-label",
            "bad-wildcard",
            "wildcard-not-allowed",
            "uri-where-name",
            "address-where-name",
            "ip-where-name",
            "no-names",
            "internal-fqdn-missing",
            "key-not-taken",
            "too-many-labels",
            "ip-not-in-profile",
            "profile-ended",
            "email-refused",
        ),
        _ALWAYS[Severity.ERROR],
    )
    | dict.fromkeys(
        ("single-label", "reserved-name", "internal-name", "private-ip", "public-suffix"), _PUBLIC_CA_REFUSES
    )
    | dict.fromkeys(
        (
            "wildcard-name",
            "duplicate-name",
            "covered-name",
            "av-name",
            "cn-too-long",
            "sip-prefix-doubled",
            "sip-domain-not-ticked",
            "xmpp-domain-left-out",
            "component-host-not-covered",
            "not-sent-to-this-ca",
            "option-not-sent",
        ),
        _ALWAYS[Severity.WARNING],
    )
    | dict.fromkeys(
        ("split", "split-needs-sni", "domain-apart", "name-moved", "subject-not-sent", "not-for-internal-edge"),
        _ALWAYS[Severity.INFO],
    )
)

CODES: Final = tuple(_CODES)


def severity_for(code: str, issuer_kind: str) -> Severity:
    """Give how grave ``code`` is when ``issuer_kind`` (one of :data:`KINDS`) is asked.

    Raises:
        KeyError: there is no such code or issuer.
    """
    return _CODES[code][issuer_kind]
