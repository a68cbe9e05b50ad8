"""What a partner table must be before it becomes the one that streams read: the rules of a commit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, TypeVar

from gateway.errors import AddressError, PartnerRefusedError
from gateway.model.jid import parse_domain
from gateway.policy.methods import PartnerWarning, verify_methods, warn_partner
from gateway.policy.partner import PartnerTable, prepare_partner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from edgecert.shared.jsonvalue import JsonObject
    from gateway.policy.partner import Partner

T = TypeVar("T")

_PROXY: Final = re.compile(r"(?:(?P<name>[A-Za-z0-9.-]+)|\[(?P<address>[0-9A-Fa-f:.]+)\])(?::(?P<port>[0-9]{1,5}))?")
_MAX_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class PartnerDifference:
    """What a commit changed, by primary domain, and what the administrator should know of the new table."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    warnings: tuple[tuple[str, PartnerWarning], ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing changed."""
        return not (self.added or self.changed or self.removed)

    def to_json(self) -> JsonObject:
        """Give the difference as the control API shows it."""
        warnings = [
            {"partner": domain, "code": warning.code, "message": warning.message} for domain, warning in self.warnings
        ]
        return {
            "added": list(self.added),
            "changed": list(self.changed),
            "removed": list(self.removed),
            "warnings": warnings,
        }


def prepare_table(partners: Iterable[Partner], homes: Iterable[str]) -> PartnerTable:
    """Give the table of ``partners``, domains prepared, when every rule of a commit holds; ``homes`` are our domains.

    Raises:
        PartnerRefusedError: with everything that is wrong; the code is that of the first.
    """
    faults: list[PartnerRefusedError] = []
    prepared = _collect(partners, prepare_partner, faults)
    _collect(prepared, _verify_proxy, faults)
    _collect(prepared, verify_methods, faults)
    faults.extend(_find_clashes(prepared, frozenset(homes)))
    if faults:
        message = "\n".join(fault.message for fault in faults)
        raise PartnerRefusedError(message, code=faults[0].code, hint=faults[0].hint)
    return PartnerTable.of(prepared)


def verify_homes(table: PartnerTable, homes: Iterable[str]) -> None:
    """Be sure that no domain of ``table`` is one of ``homes``, which may be others than when it was committed.

    Raises:
        PartnerRefusedError: ``home-partner-clash``, naming each.
    """
    own = frozenset(homes)
    clashes = [(partner.domain, domain) for partner in table for domain in partner.domains if domain in own]
    if clashes:
        message = "\n".join(
            f"partner {partner}: {domain} is a home domain of this gateway" for partner, domain in clashes
        )
        hint = "a domain is home or partner, never both: take it out of [[home]], or use edgecert-gateway partner"
        raise PartnerRefusedError(message, code="home-partner-clash", hint=hint)


def _collect(partners: Iterable[Partner], rule: Callable[[Partner], T], faults: list[PartnerRefusedError]) -> list[T]:
    """Give what ``rule`` makes of each partner, and add to ``faults`` where it refuses."""
    results = []
    for partner in partners:
        try:
            results.append(rule(partner))
        except PartnerRefusedError as fault:
            faults.append(fault)
    return results


def _verify_proxy(partner: Partner) -> None:
    if partner.proxy and not _is_host_and_port(partner.proxy):
        raise PartnerRefusedError(
            f"partner {partner.domain}: proxy {partner.proxy!r} is no host or host:port",
            code="partner-proxy",
            hint="give a host name or address, with :port if it is not 5269",
        )


def _is_host_and_port(text: str) -> bool:
    parts = _PROXY.fullmatch(text)
    if parts is None or not 0 < int(parts["port"] or 1) <= _MAX_PORT:
        return False
    return _is_address(parts["address"] or parts["name"]) or (bool(parts["name"]) and _is_name(parts["name"]))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_name(text: str) -> bool:
    try:
        parse_domain(text)
    except AddressError:
        return False
    return True


def _find_clashes(partners: Iterable[Partner], homes: frozenset[str]) -> Iterator[PartnerRefusedError]:
    """Give what is wrong between domains: home or partner, never both, and of one partner only."""
    owners: dict[str, Partner] = {}
    for partner in partners:
        for domain in partner.domains:
            if domain in homes:
                yield PartnerRefusedError(
                    f"partner {partner.domain}: {domain} is a home domain of this gateway",
                    code="home-partner-clash",
                    hint="a domain is home or partner, never both: take it out of one of them",
                )
            owner = owners.setdefault(domain, partner)
            if owner is not partner:
                yield PartnerRefusedError(
                    f"partner {partner.domain}: {domain} belongs to partner {owner.domain} already",
                    code="partner-domain-taken",
                    hint="list each domain once, as primary or as additional domain of one partner",
                )


def compare_tables(old: PartnerTable, new: PartnerTable) -> PartnerDifference:
    """Give what changes when ``new`` takes the place of ``old``."""
    before = {partner.domain: partner for partner in old}
    after = {partner.domain: partner for partner in new}
    return PartnerDifference(
        added=tuple(domain for domain in after if domain not in before),
        changed=tuple(domain for domain, partner in after.items() if before.get(domain, partner) != partner),
        removed=tuple(domain for domain in before if domain not in after),
        warnings=tuple((domain, warning) for domain, partner in after.items() for warning in warn_partner(partner)),
    )
