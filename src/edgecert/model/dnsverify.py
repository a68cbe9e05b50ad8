"""What is wrong with the DNS of a plan: per domain the first wrong thing first, each with what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from edgecert.model.caa import check_caa, climb
from edgecert.model.dnsrecords import (
    XMPP_SERVER,
    XMPPS_SERVER,
    Question,
    addresses_of,
    answer_to,
    is_within,
    parse_srv,
    services_of,
)
from edgecert.model.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from edgecert.model.caa import CaaPolicy
    from edgecert.model.dnsrecords import Answers, DnsPlan, WantedRecord

_SEVERITIES: Final[Mapping[str, Severity]] = MappingProxyType(
    {
        "dnssec-broken": Severity.ERROR,
        "dns-unanswered": Severity.ERROR,
        "srv-missing": Severity.ERROR,
        "srv-elsewhere": Severity.ERROR,
        "address-missing": Severity.ERROR,
        "address-elsewhere": Severity.ERROR,
        "caa-forbids": Severity.ERROR,
        "caa-unanswered": Severity.ERROR,
        "tlsa-mismatch": Severity.ERROR,
        "srv-target-outside-domain": Severity.WARNING,
        "srv-also-elsewhere": Severity.WARNING,
        "srv-target-without-address": Severity.WARNING,
        "tlsa-missing": Severity.WARNING,
    }
)
# One name is told of in this order: what comes first explains what comes after.
_ORDER: Final = tuple(_SEVERITIES)


@dataclass(frozen=True, slots=True)
class DnsContext:
    """What is known beside the plan: who issues, the lineage for hints, and the keys that listeners may have."""

    name: str = ""
    caa: CaaPolicy | None = None
    keys: tuple[str, ...] = ()

    @property
    def publish(self) -> str:
        """The command that mends records."""
        return f"edgecert dns publish {self.name}".rstrip()


def first_questions(plan: DnsPlan) -> tuple[Question, ...]:
    """Give what can be asked at once: the plan's records, addresses of its hosts, CAA of its names up to the root."""
    wanted = [Question(each.record.name, each.record.type) for each in plan.records]
    hosts = [Question(host.host, type_) for host in plan.hosts for type_ in ("A", "AAAA")]
    caa = [Question(place, "CAA") for name in plan.names for place in climb(name)]
    return tuple(dict.fromkeys((*wanted, *hosts, *caa)))


def next_questions(services: Iterable[str], answers: Answers) -> tuple[Question, ...]:
    """Give what follows from the SRV records found: addresses of their targets, and TLSA at target and port."""
    questions = []
    for name in services:
        for text in answer_to(answers, name, "SRV").records:
            srv = parse_srv(text)
            if srv.target:
                questions += [Question(srv.target, "A"), Question(srv.target, "AAAA")]
                questions.append(Question(f"_{srv.port}._tcp.{srv.target}", "TLSA"))
    return tuple(dict.fromkeys(questions))


def service_names(plan: DnsPlan) -> tuple[str, ...]:
    """Give the names of the SRV records that ``plan`` wants."""
    return tuple(each.record.name for each in plan.records if each.record.type == "SRV")


def verify_dns(plan: DnsPlan, answers: Answers, context: DnsContext) -> tuple[Finding, ...]:
    """Compare the DNS with ``plan``: errors first, and within one severity what explains the rest first."""
    findings = [
        *_records(plan, answers, context),
        *_hosts(plan, answers, context),
        *_caa(plan, answers, context),
    ]
    order = list(Severity)
    return tuple(
        sorted(dict.fromkeys(findings), key=lambda finding: (order.index(finding.severity), _ORDER.index(finding.code)))
    )


def _finding(code: str, names: tuple[str, ...], message: str, hint: str) -> Finding:
    return Finding(code, _SEVERITIES[code], names, message, hint)


def _unanswered(answers: Answers, name: str, type_: str) -> Finding | None:
    answer = answer_to(answers, name, type_)
    if not answer.error:
        return None
    message = f"{type_} {name}: {answer.error}"
    if answer.bogus:
        return _finding(code="dnssec-broken", names=(name,), message=message, hint="sign the zone anew, or mend the DS")
    return _finding(code="dns-unanswered", names=(name,), message=message, hint="see whether the nameservers answer")


def _records(plan: DnsPlan, answers: Answers, context: DnsContext) -> Iterator[Finding]:
    for wanted in plan.records:
        record = wanted.record
        if record.type not in {"SRV", "TLSA"}:
            continue
        unanswered = _unanswered(answers, record.name, record.type)
        if unanswered is not None:
            yield unanswered
        elif record.type == "SRV":
            yield from _service(wanted, answers, context)
        elif record.data not in answer_to(answers, record.name, "TLSA").records:
            message = f"{record.name} has no TLSA record of the {wanted.reason}"
            yield _finding(code="tlsa-missing", names=(record.name,), message=message, hint=f"{context.publish} --tlsa")


def _service(wanted: WantedRecord, answers: Answers, context: DnsContext) -> Iterator[Finding]:
    record, ours = wanted.record, parse_srv(wanted.record.data)
    service, domain = split_service(record.name)
    found = services_of(answers, service, domain)
    if not found:
        message = f"{record.name} has no SRV record: partners cannot find {domain}"
        yield _finding(
            code="srv-missing", names=(domain,), message=message, hint=f"{context.publish}, or add {record.line}"
        )
        return
    here = [srv for srv in found if (srv.target, srv.port) == (ours.target, ours.port)]
    elsewhere = ", ".join(f"{srv.target}:{srv.port}" for srv in found if srv not in here)
    if not here:
        message = f"{record.name} leads to {elsewhere} instead of {ours.target}:{ours.port}"
        hint = f"{context.publish} --replace, or name that host in the topology"
        yield _finding(code="srv-elsewhere", names=(domain,), message=message, hint=hint)
        return
    if elsewhere:
        message = f"{record.name} also leads to {elsewhere}, which this edge knows nothing of"
        hint = "see that it serves the same names, or take the record away"
        yield _finding(code="srv-also-elsewhere", names=(domain,), message=message, hint=hint)
    yield from _targets(record.name, domain, [srv.target for srv in found], answers)
    yield from _keys([(srv.target, srv.port) for srv in here], answers, context)


def _targets(name: str, domain: str, targets: list[str], answers: Answers) -> Iterator[Finding]:
    for target in dict.fromkeys(targets):
        if not is_within(target, domain):
            message = f"{name} leads to {target}, outside the domain: Lync and Skype for Business edges refuse that"
            hint = f"give the edge a name in {domain}, such as sip.{domain}, and lead the SRV record there"
            yield _finding(code="srv-target-outside-domain", names=(domain,), message=message, hint=hint)
        if not addresses_of(answers, target):
            unanswered = _unanswered(answers, target, "A")
            message = f"{target}, where {name} leads, has no address"
            hint = f"add an A or AAAA record for {target}"
            yield unanswered or _finding(code="srv-target-without-address", names=(target,), message=message, hint=hint)


def _keys(endpoints: list[tuple[str, int]], answers: Answers, context: DnsContext) -> Iterator[Finding]:
    """Look at TLSA records that pin keys (3 1 1): one must be that of a key of ours, or DANE partners refuse us."""
    if not context.keys:
        return
    for target, port in endpoints:
        place = f"_{port}._tcp.{target}"
        records = answer_to(answers, place, "TLSA").records
        if records and not any(f"3 1 1 {key}" in records for key in context.keys):
            if any(not record.startswith("3 1 1 ") for record in records):
                continue  # what else is pinned there cannot be told from the key alone
            message = f"{place} pins a key that is none of ours: partners that do DANE refuse the certificate"
            hint = f"{context.publish} --tlsa, then take the old record away"
            yield _finding(code="tlsa-mismatch", names=(target,), message=message, hint=hint)


def _hosts(plan: DnsPlan, answers: Answers, context: DnsContext) -> Iterator[Finding]:
    wanted: dict[str, list[str]] = {}
    for each in plan.records:
        if each.record.type in {"A", "AAAA"}:
            wanted.setdefault(each.record.name, []).append(each.record.data)
    for needed in plan.hosts:
        found = addresses_of(answers, needed.host)
        missing = [address for address in wanted.get(needed.host, ()) if address not in found]
        if not found:
            unanswered = _unanswered(answers, needed.host, "A")
            message = f"{needed.host} has no address ({needed.reason})"
            hint = f"{context.publish} --address ADDRESS"
            yield unanswered or _finding(code="address-missing", names=(needed.host,), message=message, hint=hint)
        elif missing:
            message = f"{needed.host} has {', '.join(found)} and lacks {', '.join(missing)}"
            hint = f"{context.publish} --address {missing[0]} --replace"
            yield _finding(code="address-elsewhere", names=(needed.host,), message=message, hint=hint)


def _caa(plan: DnsPlan, answers: Answers, context: DnsContext) -> Iterator[Finding]:
    if context.caa is None:
        return
    for name in plan.names:
        try:
            refusal = check_caa(answers, name, context.caa)
        except LookupError as error:
            hint = "a CA that gets no answer must not issue: see whether the nameservers answer"
            yield _finding(code="caa-unanswered", names=(name,), message=str(error.args[0]), hint=hint)
            continue
        except ValueError as error:
            yield _finding(code="caa-forbids", names=(name,), message=str(error), hint="write the CAA record anew")
            continue
        if refusal is not None:
            message = f"CAA at {refusal.at} forbids {context.caa.issuer} to issue for {name}: {refusal.reason}"
            hint = f'{context.publish}, or add {refusal.at}. IN CAA 0 issue "{context.caa.issuer}"'
            yield _finding(code="caa-forbids", names=(name,), message=message, hint=hint)


def split_service(name: str) -> tuple[str, str]:
    """Give service and domain of an SRV record's name."""
    service, protocol, domain = name.split(".", 2)
    return f"{service}.{protocol}", domain


_PROTOCOLS: Final[Mapping[str, str]] = MappingProxyType({XMPP_SERVER: "xmpp-s2s", XMPPS_SERVER: "xmpps-s2s"})


def protocol_of(service: str) -> str:
    """Give how the listener behind ``service`` is probed."""
    return _PROTOCOLS.get(service, "tls")


def is_sip(service: str) -> bool:
    """Whether ``service`` is one of SIP."""
    return service not in _PROTOCOLS and service.startswith("_sip")
