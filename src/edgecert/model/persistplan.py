"""Which records dns-persist-01 needs for what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.model.challenge import Challenge, choose_challenge
from edgecert.model.dnsrecords import DnsRecord, WantedRecord
from edgecert.model.persistrecord import build_persist_record
from edgecert.model.topology import wanted_names
from edgecert.shared.names import DnsName, NameProblem, parse_name

if TYPE_CHECKING:
    from edgecert.model.request import CertificateRequest


def plan_persist(request: CertificateRequest, issuer: str, account: str, ttl: int) -> tuple[WantedRecord, ...]:
    """Give a record for each domain of ``request`` that dns-persist-01 proves to the CA ``issuer`` for ``account``.

    A domain and its wildcard share one: ``policy=wildcard`` is for both. Names that are none are left out, since the
    SAN plan tells of them.
    """
    domains: dict[str, bool] = {}
    for domain, wildcard in _proven(request):
        domains[domain] = domains.get(domain, False) or wildcard
    return tuple(
        WantedRecord(_record(domain, build_persist_record(issuer, account, wildcard=wildcard), ttl), f"proves {domain}")
        for domain, wildcard in domains.items()
    )


def needs_persist(request: CertificateRequest) -> bool:
    """Whether dns-persist-01 is for a name of ``request``."""
    return bool(_proven(request))


def _proven(request: CertificateRequest) -> list[tuple[str, bool]]:
    """Give each domain that dns-persist-01 is for, and whether it is its wildcard that is asked for."""
    found = []
    for wanted in wanted_names(request.certificate.role, request.topology):
        try:
            name = parse_name(wanted.text)
        except NameProblem:
            continue
        index = choose_challenge(request.issuer.challenges, name)
        if index is None or request.issuer.challenges[index].type != "dns-persist-01" or not isinstance(name, DnsName):
            continue
        found.append((name.text.removeprefix("*."), name.is_wildcard))
    return found


def _record(domain: str, value: str, ttl: int) -> DnsRecord:
    challenge = Challenge("dns-persist-01", domain, domain, "", value)
    return DnsRecord(challenge.record_name, "TXT", challenge.text, ttl)
