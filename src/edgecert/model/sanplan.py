"""The SAN plan: which names, why, in which certificates, and what there is to say about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from edgecert.model.carules import check_ca_rules, has_common_name, kind_for_severity, name_limit_for
from edgecert.model.findings import Finding, Severity
from edgecert.model.namechecks import NameChecks
from edgecert.model.split import NameGroup, split_names
from edgecert.model.suffixes import registered_domain
from edgecert.model.topology import Position, wanted_names
from edgecert.shared.names import XMPP_SERVER, DnsName, GeneralName, SrvName, XmppAddr, to_unicode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from edgecert.model.request import CertificateRequest
    from edgecert.model.split import Split
    from edgecert.shared.jsonvalue import JsonObject

MAX_COMMON_NAME: Final = 64  # RFC 5280, ub-common-name
MAX_LINEAGE: Final = 64


@dataclass(frozen=True, slots=True)
class PlannedName:
    """A name of the plan and every reason it has."""

    name: GeneralName
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedCertificate:
    """One certificate of the plan: its lineage, its CN if it has one, and its names in order."""

    name: str
    common_name: str | None
    names: tuple[PlannedName, ...]


@dataclass(frozen=True, slots=True)
class SanPlan:
    """What is to be asked of the CA. ``assignment`` (name → part), handed in at the next plan, keeps it stable."""

    certificates: tuple[PlannedCertificate, ...]
    findings: tuple[Finding, ...]
    assignment: Mapping[str, int]

    @property
    def names(self) -> tuple[GeneralName, ...]:
        """The names of all certificates."""
        return tuple(planned.name for certificate in self.certificates for planned in certificate.names)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that keep the plan from being carried out."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)


_Reasons: TypeAlias = dict[GeneralName, list[str]]


def plan_sans(
    request: CertificateRequest,
    *,
    assignment: Mapping[str, int] | None = None,
    repack: bool = False,
    name_limit: int | None = None,
) -> SanPlan:
    """Plan the names of ``request``: pure, the same for the same input, and never an exception for what people wrote.

    Malformed names are findings and in no certificate. Each name is there once, with all its reasons, in the order
    access edge, web conferencing, SIP domains, XMPP domains, additional names. A certificate has at most ``name_limit``
    names; if None, as many as the CA takes in the profile, 100 where that is not known. Names stay in the part that
    ``assignment`` gives them unless ``repack`` asks for a new packing.
    Findings are ordered by severity.

    Raises:
        ValueError: ``name_limit`` is less than one.
    """
    limit = name_limit_for(request.issuer) if name_limit is None else name_limit
    return _Planner(request, limit).plan(assignment or {}, repack=repack)


def plan_to_json(plan: SanPlan) -> JsonObject:
    """Give ``plan`` in the shape of ``edgecert plan --json``."""
    return {
        "certificates": [
            {
                "name": certificate.name,
                "common_name": certificate.common_name,
                "names": [
                    {"name": planned.name.text, "kind": planned.name.kind, "reasons": list(planned.reasons)}
                    for planned in certificate.names
                ],
            }
            for certificate in plan.certificates
        ],
        "findings": [
            {
                "code": finding.code,
                "severity": finding.severity.value,
                "names": list(finding.names),
                "message": finding.message,
                "hint": finding.hint,
            }
            for finding in plan.findings
        ],
    }


class _Planner:
    """One run of :func:`plan_sans`."""

    def __init__(self, request: CertificateRequest, limit: int) -> None:
        self._request = request
        self._limit = limit
        self._kind = request.issuer.kind
        wanted = wanted_names(request.certificate.role, request.topology)
        self._checks = NameChecks(wanted, kind_for_severity(request.issuer))
        self._domains = frozenset(
            domain.removeprefix("*.")
            for position in (Position.SIP_DOMAIN, Position.XMPP_DOMAIN)
            for domain in self._checks.domains(position)
        )

    def plan(self, assignment: Mapping[str, int], *, repack: bool) -> SanPlan:
        """Do the work."""
        reasons = self._reasons()
        keys = {_key(name): name for name in reasons}

        def pack(previous: Mapping[str, int]) -> Split:
            return split_names(
                list(keys),
                group_of=lambda key: self._group(keys[key]),
                limit=self._limit,
                first=self._first_name(),
                previous=previous,
                repack=repack,
            )

        split = pack(assignment)
        parts = sorted(set(split.parts.values()))
        certificates = tuple(
            _certificate(
                _part_name(self._request.certificate.name, part),
                [PlannedName(name, tuple(reasons[name])) for key, name in keys.items() if split.parts[key] == part],
                common_name=has_common_name(self._request.issuer),
            )
            for part in parts
        )
        findings = (
            *self._required(reasons),
            *self._checks.findings(),
            *check_ca_rules(self._request, tuple(reasons)),
            *self._left_out(),
            *self._long_common_names(certificates),
            *self._about_split(split, keys, lambda: len(set(pack({}).parts.values()))),
        )
        order = list(Severity)
        return SanPlan(
            certificates, tuple(sorted(findings, key=lambda finding: order.index(finding.severity))), split.parts
        )

    # --- names ---

    def _reasons(self) -> _Reasons:
        reasons: _Reasons = {}
        for entry in self._checks.names:
            for name in (entry.name, *self._identifiers(entry.name, entry.wanted.position)):
                given = reasons.setdefault(name, [])
                if entry.wanted.reason not in given:
                    given.append(entry.wanted.reason)
        return reasons

    def _identifiers(self, name: GeneralName, position: Position) -> tuple[GeneralName, ...]:
        # Neither has wildcards: RFC 4985 §2, RFC 6120 §13.7.1.4.
        wanted = self._request.certificate.xmpp_identifiers and self._kind != "acme"
        if not wanted or position is not Position.XMPP_DOMAIN or not isinstance(name, DnsName) or name.is_wildcard:
            return ()
        return SrvName(XMPP_SERVER, name.value), XmppAddr(name.value)

    def _first_name(self) -> str | None:
        pinned = (Position.ACCESS_EDGE, Position.INTERNAL_FQDN)
        return next((entry.name.text for entry in self._checks.names if entry.wanted.position in pinned), None)

    def _group(self, name: GeneralName) -> NameGroup:
        match name:
            case DnsName():
                domain = name.domain
            case SrvName(domain=domain) | XmppAddr(domain=domain):
                pass
            case _:
                return NameGroup(name.text, name.text)
        registered = registered_domain(domain)
        return NameGroup(
            next((parent for parent in _upwards(domain) if parent in self._domains), registered), registered
        )

    # --- findings ---

    def _required(self, reasons: _Reasons) -> Iterator[Finding]:
        topology = self._request.topology
        if self._request.certificate.role == "internal-edge":
            if not topology.internal_fqdn:
                message = "the certificate of an internal edge needs the name of its internal interface"
                hint = "Set topology.internal_fqdn."
                yield self._checks.finding("internal-fqdn-missing", (), message, hint)
            unused = (topology.access_edge, topology.web_conferencing, *topology.sip_domains, *topology.xmpp_domains)
            names = [name for name in dict.fromkeys(unused) if name]
            if names:
                message = "the external names of the topology are not in the certificate of an internal edge"
                hint = "Put what the internal interface really serves into additional_names."
                yield self._checks.finding("not-for-internal-edge", names, message, hint)
        if not reasons:
            message = "the topology asks for no name that a certificate could carry"
            hint = "Give the access edge, a SIP or XMPP domain, or an additional name."
            yield self._checks.finding("no-names", (), message, hint)

    def _left_out(self) -> Iterator[Finding]:
        certificate, subject = self._request.certificate, self._request.subject
        to_acme = self._kind == "acme"
        if certificate.xmpp_identifiers and to_acme:
            domains = [name for name in self._checks.domains(Position.XMPP_DOMAIN) if not name.startswith("*.")]
            names = [text for name in domains for text in (SrvName(XMPP_SERVER, name).text, XmppAddr(name).text)]
            message = "SRVName and xmppAddr are left out: a public CA signs DNS names and IP addresses only"
            yield self._checks.finding("not-sent-to-this-ca", names, message, "Set xmpp_identifiers = false to agree.")
        if certificate.client_auth and to_acme:
            message = "extended key usage clientAuth is left out: public CAs do not sign it any more"
            hint = "Set client_auth = false to agree. XMPP servers accept serverAuth in both directions."
            yield self._checks.finding("option-not-sent", (), message, hint)
        if certificate.template and self._kind != "csr":
            message = f"template {certificate.template!r} is left out: only a CSR for AD CS carries it"
            yield self._checks.finding("option-not-sent", (), message, 'Set template = "" to agree.')
        given = (subject.organization, subject.organizational_unit, subject.country, subject.state, subject.locality)
        if to_acme and any(given):
            message = "the subject attributes are left out: this CA takes at most a common name"
            yield self._checks.finding("subject-not-sent", (), message, "Keep them for a change of the issuer, or not.")

    def _long_common_names(self, certificates: Sequence[PlannedCertificate]) -> Iterator[Finding]:
        firsts = (_first_dns_name(certificate.names) for certificate in certificates)
        names = [name.value for name in firsts if name is not None and len(name.value) > MAX_COMMON_NAME]
        if names:
            message = f"{', '.join(map(to_unicode, names))}: too long for a common name, the subject stays empty"
            hint = "Nobody reads the common name today; only very old clients miss it."
            yield self._checks.finding("cn-too-long", names, message, hint)

    def _about_split(
        self, split: Split, keys: Mapping[str, GeneralName], optimum: Callable[[], int]
    ) -> Iterator[Finding]:
        count = len(set(split.parts.values()))
        if count > 1:
            fewest = optimum()
            message = f"{len(keys)} names, {self._limit} at most in one: {count} certificates"
            hint = f"--repack would need {fewest}." if fewest < count else "A domain stays in its certificate."
            yield self._checks.finding("split", (), message, hint)
            message = "which certificate is presented depends on SNI; a client without it gets the first"
            hint = "Deploy all of them to the same listener; the access edge is in the first."
            yield self._checks.finding("split-needs-sni", (), message, hint)
            yield from self._apart(split, keys)
        if split.moved:
            names = dict.fromkeys(keys[key].text for key in split.moved)
            message = f"{len(split.moved)} names move to another certificate"
            hint = "Deploy the certificate that gains a name before the one that loses it."
            yield self._checks.finding("name-moved", names, message, hint)

    def _apart(self, split: Split, keys: Mapping[str, GeneralName]) -> Iterator[Finding]:
        parts_of: dict[str, set[int]] = {}
        for key, name in keys.items():
            parts_of.setdefault(self._group(name).domain, set()).add(split.parts[key])
        names = [domain for domain, parts in parts_of.items() if len(parts) > 1]
        if names:
            message = f"the names of {', '.join(map(to_unicode, names[:3]))} are in more than one certificate"
            yield self._checks.finding("domain-apart", names, message, "--repack puts them together where they fit.")


_XMPP: Final = "xmpp:"  # keeps the xmppAddr apart from the DNS name of the same text


def _key(name: GeneralName) -> str:
    return _XMPP + name.text if isinstance(name, XmppAddr) else name.text


def _upwards(domain: str) -> Iterator[str]:
    while domain:
        yield domain
        domain = domain.partition(".")[2]


def _part_name(lineage: str, part: int) -> str:
    suffix = f"-{part}" if part > 1 else ""
    return lineage[: MAX_LINEAGE - len(suffix)] + suffix


def _certificate(name: str, names: Sequence[PlannedName], *, common_name: bool) -> PlannedCertificate:
    first = _first_dns_name(names) if common_name else None
    fits = first is not None and not first.is_wildcard and len(first.value) <= MAX_COMMON_NAME
    return PlannedCertificate(name, first.value if first is not None and fits else None, tuple(names))


def _first_dns_name(names: Sequence[PlannedName]) -> DnsName | None:
    return next((planned.name for planned in names if isinstance(planned.name, DnsName)), None)
