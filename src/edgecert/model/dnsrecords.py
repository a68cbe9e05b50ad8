"""The DNS around an edge: which records a plan needs, what the DNS holds of them, and the difference."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from edgecert.model.suffixes import registered_domain
from edgecert.model.topology import wanted_names
from edgecert.shared.names import DnsName, NameProblem, normalise_domain, parse_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from edgecert.model.request import CertificateRequest

XMPP_SERVER: Final = "_xmpp-server._tcp"  # RFC 6120 §3.2.1
XMPPS_SERVER: Final = "_xmpps-server._tcp"  # XEP-0368
SIP_FEDERATION: Final = "_sipfederationtls._tcp"
SIPS: Final = "_sips._tcp"  # RFC 3263 §4.1
SIP_TLS: Final = "_sip._tls"
SERVICES: Final = (XMPP_SERVER, XMPPS_SERVER, SIP_FEDERATION, SIPS, SIP_TLS)
S2S_PORT: Final = 5269
DIRECT_TLS_PORT: Final = 5270
SIP_FEDERATION_PORT: Final = 5061
SIP_TLS_PORT: Final = 443
DEFAULT_TTL: Final = 3600


@dataclass(frozen=True, slots=True)
class Question:
    """What the DNS is asked: a name without the final dot, lower case, and a type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the DNS said: the records' data as in a zone file, or why nothing is known.

    Without records and without an error the DNS said that there are none.
    """

    records: tuple[str, ...] = ()
    error: str = ""
    ttl: int = 0
    bogus: bool = False
    """The answer is there but its DNSSEC signatures are broken: validating resolvers refuse it."""
    failed: bool = False
    """The nameservers did answer, and said that they fail (SERVFAIL, REFUSED): asking from elsewhere hardly helps."""


Answers: TypeAlias = Mapping[Question, Answer]
_NOT_ASKED: Final = Answer(error="was not asked")


def answer_to(answers: Answers, name: str, type_: str) -> Answer:
    """Give the answer for ``name`` and ``type_``; one with an error if that was not asked."""
    return answers.get(Question(name, type_), _NOT_ASKED)


@dataclass(frozen=True, slots=True)
class Srv:
    """An SRV record (RFC 2782); an empty target says that the service is decidedly not there."""

    priority: int
    weight: int
    port: int
    target: str


def parse_srv(text: str) -> Srv:
    """Give the SRV record that ``text`` (as in a zone file) is.

    Raises:
        ValueError: it is none.
    """
    priority, weight, port, target = text.split()
    return Srv(int(priority), int(weight), int(port), target.removesuffix(".").lower())


def services_of(answers: Answers, service: str, domain: str) -> tuple[Srv, ...]:
    """Give the SRV records of a service in the order in which they are tried (RFC 2782), without the target ``.``."""
    found = (parse_srv(text) for text in answer_to(answers, f"{service}.{domain}", "SRV").records)
    return tuple(sorted((srv for srv in found if srv.target), key=lambda srv: (srv.priority, -srv.weight, srv.target)))


def addresses_of(answers: Answers, host: str) -> tuple[str, ...]:
    """Give the addresses of ``host``, IPv6 first."""
    return (*answer_to(answers, host, "AAAA").records, *answer_to(answers, host, "A").records)


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """A record: absolute name without the final dot, type, data as in a zone file."""

    name: str
    type: str
    data: str
    ttl: int = DEFAULT_TTL

    @property
    def line(self) -> str:
        """The record as a line of a zone file (RFC 1035 §5)."""
        return f"{self.name}. {self.ttl} IN {self.type} {self.data}"


@dataclass(frozen=True, slots=True)
class WantedRecord:
    """A record that the plan needs, and why."""

    record: DnsRecord
    reason: str


@dataclass(frozen=True, slots=True)
class NeededHost:
    """A host that needs an address, whichever it is, and why."""

    host: str
    reason: str


@dataclass(frozen=True, slots=True)
class DnsPlan:
    """What the DNS has to hold: records, and hosts that need any address."""

    records: tuple[WantedRecord, ...]
    hosts: tuple[NeededHost, ...]
    names: tuple[str, ...]
    """Every DNS name of the certificate: where the CA looks for CAA."""

    @property
    def zone_lines(self) -> tuple[str, ...]:
        """The records as lines of a zone file; what needs a decision first is a comment."""
        have = {wanted.record.name for wanted in self.records if wanted.record.type in {"A", "AAAA"}}
        missing = (
            f"; {host.host}. needs an A or AAAA record ({host.reason})" for host in self.hosts if host.host not in have
        )
        return (*(wanted.record.line for wanted in self.records), *missing)


@dataclass(frozen=True, slots=True)
class DnsOptions:
    """What the topology does not say: addresses, the CA, keys, and which services beside federation are offered."""

    addresses: tuple[str, ...] = ()
    caa_issuer: str = ""
    account_uri: str = ""
    tlsa_keys: tuple[str, ...] = ()
    """SHA-256 of the SubjectPublicKeyInfo of the key in service and of the one that comes next."""
    direct_tls: bool = False
    remote_users: bool = False
    ttl: int = DEFAULT_TTL


def plan_dns(request: CertificateRequest, options: DnsOptions) -> DnsPlan:
    """Plan the DNS for ``request``: pure; names that are none are left out, since the SAN plan tells of them.

    Each XMPP domain's SRV leads to the access edge; where the access edge is in another domain and the XMPP domain is
    a SIP domain too, to the same host under its name ``sip.<domain>``, since some partners refuse a target outside the
    domain. Each SIP domain's ``_sipfederationtls`` leads to ``sip.<domain>``. CAA stands at the registered domains.
    TLSA is ``3 1 1`` (RFC 7673: at the SRV target and port, RFC 7671 §5.1: the key alone counts).
    """
    return _Planner(request, options).plan()


class _Planner:
    """One run of :func:`plan_dns`."""

    def __init__(self, request: CertificateRequest, options: DnsOptions) -> None:
        self._topology = request.topology
        self._external = request.certificate.role == "external-edge"
        self._options = options
        self._edge = _domain(self._topology.access_edge)
        self._sip = normalised_domains(self._topology.sip_domains)
        self._xmpp = normalised_domains(self._topology.xmpp_domains)
        self._names = _dns_names(wanted.text for wanted in wanted_names(request.certificate.role, request.topology))

    def plan(self) -> DnsPlan:
        """Do the work."""
        services = tuple(self._services()) if self._external else ()
        hosts = tuple(self._hosts(services))
        records = (*services, *self._addresses(hosts), *self._caa(), *self._tlsa(services))
        return DnsPlan(tuple(dict.fromkeys(records)), hosts, self._names)

    def xmpp_target(self, domain: str) -> str:
        """Give the host that a domain's streams go to, or nothing when the topology names none."""
        if is_within(self._edge, domain) or domain not in self._sip:
            return self._edge
        return f"sip.{domain}"

    def _services(self) -> Iterator[WantedRecord]:
        for domain in self._xmpp:
            target = self.xmpp_target(domain)
            if not target:
                continue
            yield self._srv(XMPP_SERVER, domain, S2S_PORT, target, f"XMPP domain {domain}")
            if self._options.direct_tls:
                reason = f"XMPP domain {domain}, direct TLS"
                yield self._srv(XMPPS_SERVER, domain, DIRECT_TLS_PORT, target, reason)
        for domain in self._sip:
            target = f"sip.{domain}"
            yield self._srv(SIP_FEDERATION, domain, SIP_FEDERATION_PORT, target, f"SIP domain {domain}")
            if self._options.remote_users:
                yield self._srv(SIP_TLS, domain, SIP_TLS_PORT, target, f"remote users of SIP domain {domain}")

    def _srv(self, service: str, domain: str, port: int, target: str, reason: str) -> WantedRecord:
        record = DnsRecord(f"{service}.{domain}", "SRV", f"0 5 {port} {target}.", self._options.ttl)
        return WantedRecord(record, reason)

    def _hosts(self, services: Iterable[WantedRecord]) -> Iterator[NeededHost]:
        reasons: dict[str, str] = {}
        fixed: tuple[tuple[str, str], ...]
        if self._external:
            fixed = ((self._topology.access_edge, "access edge"), (self._topology.web_conferencing, "web conferencing"))
        else:
            fixed = ((self._topology.internal_fqdn, "internal edge"),)
        for given, reason in fixed:
            if host := _domain(given):
                reasons.setdefault(host, reason)
        for wanted in services:
            target = parse_srv(wanted.record.data).target
            reasons.setdefault(target, f"target of {wanted.record.name}")
        if self._external and not self._edge:
            for domain in self._xmpp:  # RFC 6120 §3.2.2: without SRV the domain's own address is dialled
                reasons.setdefault(domain, f"XMPP domain {domain}, no access edge is named")
        yield from (NeededHost(host, reason) for host, reason in reasons.items())

    def _addresses(self, hosts: Iterable[NeededHost]) -> Iterator[WantedRecord]:
        conferencing = _domain(self._topology.web_conferencing)
        for needed in hosts:
            if needed.host == conferencing and needed.host != self._edge:
                continue  # often another interface: its address is not the access edge's
            for address in self._options.addresses:
                parsed = ipaddress.ip_address(address)
                type_ = "A" if parsed.version == 4 else "AAAA"
                yield WantedRecord(DnsRecord(needed.host, type_, str(parsed), self._options.ttl), needed.reason)

    def _caa(self) -> Iterator[WantedRecord]:
        if not self._options.caa_issuer:
            return
        value = self._options.caa_issuer
        if self._options.account_uri:
            value += f"; accounturi={self._options.account_uri}"  # RFC 8657 §3
        for domain in dict.fromkeys(registered_domain(name.removeprefix("*.")) for name in self._names):
            record = DnsRecord(domain, "CAA", f'0 issue "{value}"', self._options.ttl)
            yield WantedRecord(record, f"{self._options.caa_issuer} may issue for {domain}")

    def _tlsa(self, services: Iterable[WantedRecord]) -> Iterator[WantedRecord]:
        for wanted in services:
            srv = parse_srv(wanted.record.data)
            for number, key in enumerate(self._options.tlsa_keys):
                record = DnsRecord(f"_{srv.port}._tcp.{srv.target}", "TLSA", f"3 1 1 {key}", self._options.ttl)
                yield WantedRecord(record, "next key" if number else "key in service")


@dataclass(frozen=True, slots=True)
class RrsetChange:
    """What is to change at one name and type: only if there is still exactly what was ``found``."""

    name: str
    type: str
    ttl: int
    found: tuple[str, ...]
    add: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    """What is there, is not ours, and stands in the way: then nothing is changed here."""

    @property
    def result(self) -> frozenset[str]:
        """The data that is there afterwards."""
        return (frozenset(self.found) - frozenset(self.delete)) | frozenset(self.add)

    @property
    def lines(self) -> tuple[str, ...]:
        """The difference for people: ``-`` goes, ``+`` comes, ``!`` is foreign and stays."""
        marked = (("!", self.foreign), ("-", self.delete), ("+", self.add))
        return tuple(
            f"{mark} {DnsRecord(self.name, self.type, data, self.ttl).line}" for mark, all_ in marked for data in all_
        )


_ADDITIVE: Final = frozenset({"CAA", "TLSA"})  # one more record beside others takes nothing away from them


def changes_to_publish(
    wanted: Iterable[DnsRecord], answers: Answers, *, replace: bool = False
) -> tuple[RrsetChange, ...]:
    """Give what is missing of ``wanted``; nothing for what is there already.

    CAA and TLSA are added to what is there. Beside other SRV or address records ours would share the traffic of theirs:
    those are foreign, and nothing is changed, unless ``replace`` says that they go.
    """
    changes = []
    for (name, type_), records in _rrsets(wanted).items():
        found, data = answer_to(answers, name, type_).records, tuple(record.data for record in records)
        missing = tuple(each for each in data if each not in found)
        others = () if type_ in _ADDITIVE else tuple(each for each in found if each not in data)
        if not missing and not others:
            continue
        if others and not replace:
            changes.append(RrsetChange(name, type_, records[0].ttl, found, foreign=others))
        else:
            changes.append(RrsetChange(name, type_, records[0].ttl, found, add=missing, delete=others))
    return tuple(changes)


def changes_to_remove(wanted: Iterable[DnsRecord], answers: Answers) -> tuple[RrsetChange, ...]:
    """Give what is there of ``wanted`` and goes; other records at the same names stay."""
    changes = []
    for (name, type_), records in _rrsets(wanted).items():
        found = answer_to(answers, name, type_).records
        ours = tuple(record.data for record in records if record.data in found)
        if ours:
            changes.append(RrsetChange(name, type_, records[0].ttl, found, delete=ours))
    return tuple(changes)


def canonical_data(type_: str, text: str) -> str:
    """Give record data in the one spelling that is compared: names in lower case, addresses short, hex unbroken."""
    match type_:
        case "SRV" | "CNAME" | "NS":
            return text.lower()
        case "A" | "AAAA":
            return str(ipaddress.ip_address(text))
        case "TLSA":
            *head, data = text.split(None, 3)
            return " ".join((*head, "".join(data.split()).lower()))
        case _:
            return text


def is_within(host: str, domain: str) -> bool:
    """Whether ``host`` is ``domain`` or below it."""
    return host == domain or host.endswith(f".{domain}")


def _rrsets(records: Iterable[DnsRecord]) -> dict[tuple[str, str], list[DnsRecord]]:
    rrsets: dict[tuple[str, str], list[DnsRecord]] = {}
    for record in records:
        rrsets.setdefault((record.name, record.type), []).append(record)
    return rrsets


def _domain(text: str) -> str:
    try:
        return normalise_domain(text) if text else ""
    except NameProblem:
        return ""


def normalised_domains(texts: Iterable[str]) -> tuple[str, ...]:
    """Give the domains among ``texts``, each once; what is none is left out, since the SAN plan tells of it."""
    return tuple(dict.fromkeys(domain for text in texts if (domain := _domain(text))))


def _dns_names(texts: Iterable[str]) -> tuple[str, ...]:
    names = []
    for text in texts:
        try:
            name = parse_name(text)
        except NameProblem:
            continue
        if isinstance(name, DnsName):
            names.append(name.value)
    return tuple(dict.fromkeys(names))
