"""From what the DNS says of domains to a topology, each part with its reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgecert.model.caa import climb, relevant_records
from edgecert.model.dnsrecords import (
    SERVICES,
    SIP_FEDERATION,
    SIP_TLS,
    SIPS,
    XMPP_SERVER,
    XMPPS_SERVER,
    Question,
    addresses_of,
    answer_to,
    is_within,
    services_of,
)
from edgecert.model.findings import Finding, Severity
from edgecert.model.request import Topology

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgecert.model.dnsrecords import Answers

_SIP_SERVICES: Final = (SIP_FEDERATION, SIPS, SIP_TLS)
_XMPP_SERVICES: Final = (XMPP_SERVER, XMPPS_SERVER)
_CONFERENCING: Final = "webcon"  # the name that the Edge wizard of Lync proposed


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is in the topology: its key, the value, and the words."""

    key: str
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """A topology that the DNS suggests, with the reason of each part and what deserves attention."""

    topology: Topology
    reasons: tuple[Reason, ...]
    findings: tuple[Finding, ...]


def discovery_questions(domains: Sequence[str]) -> tuple[Question, ...]:
    """Give what is asked first, of all domains at once."""
    return tuple(
        dict.fromkeys(
            question
            for domain in domains
            for question in (
                *(Question(f"{service}.{domain}", "SRV") for service in SERVICES),
                *(Question(f"sip.{domain}", type_) for type_ in ("A", "AAAA")),
                *(Question(place, "CAA") for place in climb(domain)),
            )
        )
    )


def follow_up_questions(domains: Sequence[str], answers: Answers) -> tuple[Question, ...]:
    """Give what is asked then, all at once: what the SRV records lead to."""
    questions = []
    for domain in domains:
        found = [srv for service in SERVICES for srv in services_of(answers, service, domain)]
        for srv in found:
            questions += [Question(srv.target, "A"), Question(srv.target, "AAAA")]
            questions.append(Question(f"_{srv.port}._tcp.{srv.target}", "TLSA"))
        if any(services_of(answers, service, domain) for service in _SIP_SERVICES):
            questions += [Question(f"{_CONFERENCING}.{domain}", "A"), Question(f"{_CONFERENCING}.{domain}", "AAAA")]
    return tuple(dict.fromkeys(questions))


def discover(domains: Sequence[str], answers: Answers) -> Discovery:
    """Propose the topology of the edge that serves ``domains``: pure, in their order.

    A domain is an XMPP domain when it has an SRV record of XMPP server-to-server, a SIP domain when it has one of SIP
    over TLS or a host ``sip.<domain>``. The access edge is the host that most of these lead to.
    """
    return _Discoverer(tuple(domains), answers).discover()


class _Discoverer:
    """One run of :func:`discover`."""

    def __init__(self, domains: tuple[str, ...], answers: Answers) -> None:
        self._domains = domains
        self._answers = answers

    def discover(self) -> Discovery:
        """Do the work."""
        sip = {domain: text for domain in self._domains if (text := self._why_sip(domain))}
        xmpp = {domain: text for domain in self._domains if (text := self._why(domain, _XMPP_SERVICES))}
        edge, why_edge = self._access_edge()
        conferencing = self._conferencing(sip)
        reasons = [
            *([Reason("access_edge", edge, why_edge)] if edge else []),
            *([Reason("web_conferencing", conferencing, f"{conferencing} has an address")] if conferencing else []),
            *(Reason("sip_domains", domain, text) for domain, text in sip.items()),
            *(Reason("xmpp_domains", domain, text) for domain, text in xmpp.items()),
        ]
        topology = Topology(
            access_edge=edge,
            web_conferencing=conferencing,
            sip_domains=tuple(sip),
            xmpp_domains=tuple(xmpp),
        )
        findings = [finding for domain in self._domains for finding in self._findings(domain, edge)]
        order = list(Severity)
        return Discovery(
            topology,
            tuple(reasons),
            tuple(sorted(dict.fromkeys(findings), key=lambda finding: order.index(finding.severity))),
        )

    def _why(self, domain: str, services: Sequence[str]) -> str:
        parts = []
        for service in services:
            found = services_of(self._answers, service, domain)
            if found:
                parts.append(f"{service}.{domain} leads to {', '.join(f'{srv.target}:{srv.port}' for srv in found)}")
        return "; ".join(parts)

    def _why_sip(self, domain: str) -> str:
        text = self._why(domain, _SIP_SERVICES)
        if not text and (found := addresses_of(self._answers, f"sip.{domain}")):
            text = f"sip.{domain} has the address {', '.join(found)}"
        return text

    def _access_edge(self) -> tuple[str, str]:
        """Give the host that federation of SIP, else of XMPP, leads to most often; the first domain's among equals."""
        for services, what in ((_SIP_SERVICES, "SIP"), (_XMPP_SERVICES, "XMPP")):
            votes: Counter[str] = Counter()
            for domain in self._domains:
                targets = {
                    srv.target for service in services for srv in services_of(self._answers, service, domain)[:1]
                }
                votes.update(sorted(targets))
            if votes:
                target, count = max(votes.items(), key=lambda entry: entry[1])
                return target, f"{what} records of {count} domain{'s' if count > 1 else ''} lead there"
        for domain in self._domains:
            if addresses_of(self._answers, f"sip.{domain}"):
                return f"sip.{domain}", "no SRV record names one, and this host has an address"
        return "", ""

    def _conferencing(self, sip: dict[str, str]) -> str:
        hosts = (f"{_CONFERENCING}.{domain}" for domain in sip)
        return next((host for host in hosts if self._has_address(host)), "")

    def _has_address(self, host: str) -> bool:
        return bool(addresses_of(self._answers, host))

    # --- findings ---

    def _findings(self, domain: str, edge: str) -> Iterator[Finding]:
        services = [Question(f"{service}.{domain}", "SRV") for service in SERVICES]
        asked = [*services, Question(f"sip.{domain}", "A"), Question(f"sip.{domain}", "AAAA")]
        failed = [question for question in asked if answer_to(self._answers, question.name, question.type).error]
        if failed:
            error = answer_to(self._answers, failed[0].name, failed[0].type).error
            others = f" (and {len(failed) - 1} more questions)" if len(failed) > 1 else ""
            message = f"{domain}: {failed[0].type} {failed[0].name}: {error}{others}"
            hint = "the proposal may lack what was not answered: ask again, or another server with --nameserver"
            yield Finding(code="dns-unanswered", severity=Severity.WARNING, names=(domain,), message=message, hint=hint)
        elif not self._why_sip(domain) and not self._why(domain, _XMPP_SERVICES):
            message = f"{domain} has no SRV record of SIP or XMPP federation and no host sip.{domain}"
            hint = "if it is to federate, add it to sip_domains or xmpp_domains, then: edgecert dns show"
            yield Finding(code="dns-nothing", severity=Severity.WARNING, names=(domain,), message=message, hint=hint)
        yield from self._about_targets(domain, edge)
        yield from self._about_caa(domain)

    def _about_targets(self, domain: str, edge: str) -> Iterator[Finding]:
        found = [srv for service in SERVICES for srv in services_of(self._answers, service, domain)]
        for target in dict.fromkeys(srv.target for srv in found):
            if not is_within(target, domain):
                message = f"{domain}: {target} is outside the domain; Lync and Skype for Business edges refuse that"
                hint = f"lead the SRV record to a host in {domain}"
                yield Finding("srv-target-outside-domain", Severity.WARNING, (domain,), message, hint)
            if not self._has_address(target):
                message = f"{domain}: {target} has no address"
                hint = f"add an A or AAAA record for {target}"
                yield Finding("srv-target-without-address", Severity.WARNING, (target,), message, hint)
            if edge and target != edge and target != f"sip.{domain}":
                message = f"{domain}: records lead to {target}, not to the access edge {edge}"
                hint = "if that is another machine, it needs a certificate of its own"
                yield Finding("other-host", Severity.INFO, (domain,), message, hint)
        for srv in found:
            place = f"_{srv.port}._tcp.{srv.target}"
            if answer_to(self._answers, place, "TLSA").records:
                message = f"{place} pins keys by TLSA: a new key has to be published there before it is served"
                hint = "edgecert dns show NAME --tlsa"
                yield Finding("tlsa-present", Severity.INFO, (srv.target,), message, hint)

    def _about_caa(self, domain: str) -> Iterator[Finding]:
        try:
            place, records = relevant_records(self._answers, domain)
        except (LookupError, ValueError) as error:
            hint = "a CA that gets no answer must not issue: see whether the nameservers answer"
            yield Finding("caa-unanswered", Severity.WARNING, (domain,), str(error.args[0]), hint)
            return
        issuers = dict.fromkeys(record.issuer or "nobody" for record in records if record.tag == "issue")
        if issuers:
            message = f"{domain}: CAA at {place} lets only {', '.join(issuers)} issue"
            yield Finding("caa-present", Severity.INFO, (domain,), message, "choose that CA, or add yours there")
