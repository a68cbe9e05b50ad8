"""A partner as the administrator wrote it, and the frozen table of all of them that streams read.

The fields of :class:`Partner` are the keys of a ``[[partner]]`` table in ``partners.toml`` and of a partner's JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from edgecert.shared.option import option
from gateway.errors import AddressError, PartnerRefusedError
from gateway.model.jid import parse_domain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PartnerType = Literal["federated", "public-verified", "public-unverified"]
Negotiation = Literal["required", "optional", "not-supported"]


@dataclass(frozen=True, slots=True)
class Partner:
    """One ``[[partner]]``: a remote organisation, its domains, and how its servers must prove themselves."""

    domain: str = option("", help="primary domain", required=True)
    description: str = option("", help="for people only")
    additional_domains: tuple[str, ...] = option(
        (), help="further domains of the same partner; a subdomain is never implied"
    )
    type: PartnerType = option(
        "public-unverified",
        help="federated: sees notes, needs no consent; public-unverified: reaches only who listed it",
        choices=("federated", "public-verified", "public-unverified"),
    )
    tls: Negotiation = option("required", help="TLS on the stream", choices=("required", "optional", "not-supported"))
    sasl: Negotiation = option(
        "optional", help="proof by certificate (SASL EXTERNAL)", choices=("required", "optional", "not-supported")
    )
    dialback: bool = option(True, help="proof by server dialback; left out of a federated partner it is false")
    keep_alive: bool = option(True, help="probe idle streams")
    connection_limit: int = option(
        0, help="authenticated inbound streams; 0 = limits.partner_connection_limit", minimum=0, maximum=1_000_000
    )
    proxy: str = option("", help="host[:port] to dial instead of looking the domain up in the DNS")
    queue_persist: bool = option(True, help="keep messages on disk while the partner is down")

    @property
    def domains(self) -> tuple[str, ...]:
        """The primary domain and then the additional ones."""
        return self.domain, *self.additional_domains


@dataclass(frozen=True, slots=True)
class PartnerFile:
    """``partners.toml``: the whole table."""

    partner: tuple[Partner, ...] = option((), help="one table per partner")


def prepare_partner(partner: Partner) -> Partner:
    """Give ``partner`` with its domains prepared, additional ones sorted, none twice.

    Raises:
        PartnerRefusedError: ``partner-domain``: a domain is none.
    """
    try:
        domain = parse_domain(partner.domain)
        additional = {parse_domain(each) for each in partner.additional_domains} - {domain}
    except AddressError as error:
        raise PartnerRefusedError(
            f"partner {partner.domain!r}: {error.message}",
            code="partner-domain",
            hint="give domains such as fabrikam.example, without user or resource",
        ) from error
    return replace(partner, domain=domain, additional_domains=tuple(sorted(additional)))


@dataclass(frozen=True, slots=True)
class PartnerTable:
    """All partners at one moment, found by any of their domains; never changed, only replaced."""

    partners: tuple[Partner, ...] = ()
    _by_domain: Mapping[str, Partner] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the domains."""
        index = {domain: partner for partner in self.partners for domain in partner.domains}
        object.__setattr__(self, "_by_domain", index)

    @classmethod
    def of(cls, partners: Iterable[Partner]) -> PartnerTable:
        """Give the table of ``partners``, sorted by primary domain."""
        return cls(tuple(sorted(partners, key=lambda partner: partner.domain)))

    def find(self, domain: str) -> Partner | None:
        """Give the partner one of whose domains is ``domain`` (prepared), or None."""
        return self._by_domain.get(domain)

    def __iter__(self) -> Iterator[Partner]:
        return iter(self.partners)

    def __len__(self) -> int:
        return len(self.partners)
