"""Which names the local CA may sign: the name constraints of RFC 5280 §4.2.1.10, and what they cannot say."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509

from edgecert.shared.names import DnsName, IpName, SrvName, XmppAddr

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edgecert.shared.names import GeneralName

# RFC 6761 §6.4: never anyone's name; permitted alone, it permits none. A constraint without dNSName would permit all.
_NO_DOMAIN: Final = "invalid"
_ALL_ADDRESSES: Final = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
_SIP_HOST: Final = "sip."


@dataclass(frozen=True, slots=True)
class Constraints:
    """The domains, each with all below it, and the single addresses that are permitted; everything else is not."""

    domains: tuple[str, ...]
    addresses: tuple[str, ...] = ()

    @classmethod
    def for_names(cls, names: Iterable[GeneralName]) -> Constraints:
        """Give the narrowest constraints for the domains behind ``names``.

        ``sip.contoso.com`` stands for its SIP domain ``contoso.com``; a domain below another permitted one is left out.
        """
        domains, addresses = [], []
        for name in names:
            match name:
                case IpName(value=value):
                    addresses.append(value)
                case DnsName() | SrvName() | XmppAddr():
                    domains.append(_domain_behind(name.domain))
        return cls(_outermost(domains), tuple(dict.fromkeys(addresses)))

    def widened(self, names: Sequence[GeneralName]) -> Constraints:
        """Give these constraints with ``names`` permitted too; a domain stands for itself and all below it."""
        addresses = [name.value for name in names if isinstance(name, IpName)]
        domains = [name.domain for name in names if not isinstance(name, IpName)]
        return Constraints(_outermost((*self.domains, *domains)), tuple(dict.fromkeys((*self.addresses, *addresses))))

    def permits(self, name: GeneralName) -> bool:
        """Whether ``name`` may be signed; an SRVName or xmppAddr, which the extension cannot limit, by its domain."""
        if isinstance(name, IpName):
            return name.value in self.addresses
        return any(_is_within(name.domain, domain) for domain in self.domains)

    def to_extension(self) -> x509.NameConstraints:
        """Give the extension.

        Each form of name that the CA signs is limited; addresses are excluded altogether when none is permitted.
        """
        permitted: list[x509.GeneralName] = [x509.DNSName(domain) for domain in self.domains or (_NO_DOMAIN,)]
        permitted += [x509.IPAddress(ipaddress.ip_network(address)) for address in self.addresses]
        excluded = None if self.addresses else [x509.IPAddress(network) for network in _ALL_ADDRESSES]
        return x509.NameConstraints(permitted, excluded)

    @classmethod
    def from_certificate(cls, certificate: x509.Certificate) -> Constraints | None:
        """Give the constraints that :meth:`to_extension` wrote into ``certificate``, or None when it has none."""
        try:
            extension = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        except x509.ExtensionNotFound:
            return None
        permitted = extension.permitted_subtrees or []
        domains = [name.value for name in permitted if isinstance(name, x509.DNSName) and name.value != _NO_DOMAIN]
        networks = [name.value for name in permitted if isinstance(name, x509.IPAddress)]
        addresses = [
            network.network_address.compressed
            for network in networks
            if isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network)
        ]
        return cls(tuple(domains), tuple(addresses))


def _domain_behind(domain: str) -> str:
    parent = domain.removeprefix(_SIP_HOST)
    return parent if "." in parent else domain


def _is_within(name: str, domain: str) -> bool:
    return name == domain or name.endswith("." + domain)


def _outermost(domains: Iterable[str]) -> tuple[str, ...]:
    """Give ``domains`` in their order, each once, without those below another."""
    each = tuple(dict.fromkeys(domains))
    return tuple(one for one in each if not any(one != other and _is_within(one, other) for other in each))
