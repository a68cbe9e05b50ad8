"""Whose certificate it is: reference identifiers against presented ones (RFC 9525, RFC 6120 §13.7.1)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

from edgecert.shared.certfacts import describe_subject
from edgecert.shared.errors import MaterialError
from edgecert.shared.names import (
    MAX_DOMAIN,
    DnsName,
    GeneralName,
    IpName,
    SrvName,
    XmppAddr,
    from_certificate,
    normalise_domain,
)

if TYPE_CHECKING:
    from cryptography import x509

_MOST_TOLD: Final = 10  # whoever presents a thousand names is not to fill logs with them


class IdentityMismatch(MaterialError):  # noqa: N818  # the RFC's own word for it
    """None of the presented identifiers is the one expected; all of them are in :attr:`presented`."""

    code = "identity-mismatch"

    def __init__(self, domain: str, subject: str, presented: tuple[GeneralName, ...]) -> None:
        """Keep what was expected and everything that was presented instead."""
        names = ", ".join(f"{name.kind}:{name.text[:MAX_DOMAIN]}" for name in presented[:_MOST_TOLD]) or "none"
        names += f" and {len(presented) - _MOST_TOLD} more" if len(presented) > _MOST_TOLD else ""
        message = f"the certificate of {subject} is not for {domain}; it names: {names}"
        super().__init__(message, hint=f"the certificate must have {domain} among its subject alternative names")
        self.domain = domain
        self.presented = presented


def verify_identity(certificate: x509.Certificate, domain: str, *, service: str = "xmpp-server") -> GeneralName:
    """Give the presented identifier that proves ``certificate`` to be ``domain``'s for ``service``.

    An xmppAddr (RFC 6120 §13.7.1.4) and an SRVName ``_<service>.<domain>`` (RFC 4985) must be equal to the domain; a
    dNSName may have a whole left-most label ``*``, which stands for exactly one label (RFC 9525 §6.3); an address is
    compared as an address. The common name is never looked at (RFC 9525 §2). With an empty ``service`` only dNSName
    and iPAddress count.

    Raises:
        IdentityMismatch: no presented identifier is the domain's.
        NameProblem: ``domain`` is no domain.
    """
    presented = from_certificate(certificate)
    reference = _reference(domain)
    for name in presented:
        if _is_same(name, reference, service):
            return name
    raise IdentityMismatch(reference, describe_subject(certificate), presented)


def matches_domain(certificate: x509.Certificate, domain: str, *, service: str = "xmpp-server") -> bool:
    """Whether :func:`verify_identity` would find one: for choosing among own certificates, never for trust."""
    try:
        verify_identity(certificate, domain, service=service)
    except IdentityMismatch:
        return False
    return True


def _reference(domain: str) -> str:
    try:
        return ipaddress.ip_address(domain.strip("[]")).compressed
    except ValueError:
        return normalise_domain(domain)


def _is_same(name: GeneralName, reference: str, service: str) -> bool:
    match name:
        case XmppAddr(domain=domain):
            return service.startswith("xmpp-") and domain == reference
        case SrvName(service=presented_service, domain=domain):
            return presented_service == service and domain == reference
        case DnsName(value=value):
            return value == reference or (value.startswith("*.") and _covers(value.removeprefix("*."), reference))
        case IpName(value=value):
            return value == reference


def _covers(parent: str, reference: str) -> bool:
    """Whether ``reference`` is one label under ``parent``; a wildcard over a top-level domain covers nothing."""
    _, dot, rest = reference.partition(".")
    return bool(dot) and "." in parent and "*" not in parent and rest == parent
