"""The doctor for one domain: DNS, reachability, what is served, chain, names, days; the first wrong thing ends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from edgecert.lifecycle.check import CheckResult, CheckVerdict
from edgecert.model.dnsrecords import (
    S2S_PORT,
    SERVICES,
    SIP_FEDERATION,
    XMPP_SERVER,
    XMPPS_SERVER,
    Question,
    addresses_of,
    answer_to,
    services_of,
)
from edgecert.model.dnsverify import is_sip, protocol_of
from edgecert.model.findings import Severity
from edgecert.model.renewal import decide_renewal
from edgecert.shared.certfacts import describe_subject, verify_readable
from edgecert.shared.chain import Chain, verify_chain_order, verify_leaf, verify_trust
from edgecert.shared.clock import format_time
from edgecert.shared.errors import EdgecertError, MaterialError
from edgecert.shared.identity import IdentityMismatch, verify_identity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from edgecert.interfaces import Served
    from edgecert.model.dnsrecords import Answers
    from edgecert.model.findings import Finding

_ANEW: Final = "put the certificate into service again; where it is ours: edgecert deploy"
_VERDICTS: Final = {
    Severity.ERROR: CheckVerdict.CRITICAL,
    Severity.WARNING: CheckVerdict.WARNING,
    Severity.INFO: CheckVerdict.OK,
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a domain is served: the address that is dialled, how, and the host that led there (for SIP it counts)."""

    domain: str
    address: str
    protocol: str
    host: str = ""
    sip: bool = False

    @property
    def text(self) -> str:
        """The endpoint for people."""
        return f"{self.protocol}://{self.address}" + (f" ({self.host})" if self.host else "")


def domain_questions(domain: str) -> tuple[Question, ...]:
    """Give what is asked first of a domain whose topology nobody knows."""
    services = [Question(f"{service}.{domain}", "SRV") for service in SERVICES]
    return (*services, Question(domain, "A"), Question(domain, "AAAA"))


def look_at_dns(domain: str, answers: Answers, *, services: Sequence[str] = SERVICES) -> tuple[CheckResult, ...]:
    """Tell what of ``domain``'s services the DNS does not lead to; good when at least one is there.

    XMPP servers dial the domain's own address where there is no SRV record (RFC 6120 §3.2.2).
    """
    results = []
    for service in services:
        answer = answer_to(answers, f"{service}.{domain}", "SRV")
        if answer.error:
            message = f"SRV {service}.{domain}: {answer.error}"
            hint = "see whether the nameservers answer"
            results.append(CheckResult(domain, "dns", CheckVerdict.CRITICAL, message, hint))
        for srv in services_of(answers, service, domain):
            if not addresses_of(answers, srv.target):
                message = f"{service}.{domain} leads to {srv.target}, which has no address"
                hint = f"add an A or AAAA record for {srv.target}"
                results.append(CheckResult(domain, "dns", CheckVerdict.CRITICAL, message, hint))
    found = [service for service in services if services_of(answers, service, domain)]
    if not results and not found:
        return (_without_service(domain, answers),)
    return tuple(results)


def _without_service(domain: str, answers: Answers) -> CheckResult:
    hint = f"add _xmpp-server._tcp.{domain}. SRV 0 5 {S2S_PORT} HOST."
    if addresses_of(answers, domain):
        message = "no SRV record: XMPP partners dial the domain's own address, SIP partners find nothing"
        return CheckResult(domain, "dns", CheckVerdict.WARNING, message, hint)
    return CheckResult(domain, "dns", CheckVerdict.CRITICAL, "neither an SRV record nor an address is there", hint)


def findings_to_results(findings: Sequence[Finding], lineage: str) -> tuple[CheckResult, ...]:
    """Give what ``dns verify`` finds as results of a check."""
    return tuple(
        CheckResult(
            finding.names[0] if finding.names else lineage,
            "dns",
            _VERDICTS[finding.severity],
            finding.message,
            finding.hint,
        )
        for finding in findings
    )


def endpoints_of(domain: str, answers: Answers, *, services: Sequence[str] = SERVICES) -> tuple[Endpoint, ...]:
    """Give every address that the DNS leads partners of ``domain`` to, each once."""
    endpoints = []
    for service in services:
        for srv in services_of(answers, service, domain):
            for address in addresses_of(answers, srv.target):
                place = join_address(address, srv.port)
                endpoints.append(Endpoint(domain, place, protocol_of(service), srv.target, is_sip(service)))
    if not endpoints and XMPP_SERVER in services:
        places = (join_address(address, S2S_PORT) for address in addresses_of(answers, domain))
        endpoints = [Endpoint(domain, place, protocol_of(XMPP_SERVER), domain) for place in places]
    return tuple(dict.fromkeys(endpoints))


def join_address(host: str, port: int) -> str:
    """Give ``host:port``, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


TOPOLOGY_SERVICES: Final = {"xmpp": (XMPP_SERVER, XMPPS_SERVER), "sip": (SIP_FEDERATION,)}


def judge_served(
    endpoint: Endpoint, served: Served | EdgecertError, *, now: datetime, roots: Sequence[x509.Certificate]
) -> tuple[CheckResult, ...]:
    """Tell what is wrong with what ``endpoint`` serves, the first fatal thing last; or in one result that it is good.

    Without ``roots`` nobody is trusted, and trust is not looked at.
    """
    results: list[CheckResult] = []
    for result in _judge(endpoint, served, now, roots):
        results.append(result)
        if result.verdict is CheckVerdict.CRITICAL:
            break
    return tuple(results)


def _judge(
    endpoint: Endpoint, served: Served | EdgecertError, now: datetime, roots: Sequence[x509.Certificate]
) -> Iterator[CheckResult]:
    def result(check: str, verdict: CheckVerdict, message: str, hint: str = "") -> CheckResult:
        return CheckResult(endpoint.domain, check, verdict, f"{endpoint.text}: {message}", hint)

    if isinstance(served, EdgecertError):
        hint = served.hint or "start the service, and let its port through the firewall"
        yield result("reachability", CheckVerdict.CRITICAL, served.message, hint)
        return
    try:
        certificates = [x509.load_der_x509_certificate(der) for der in served.certificates]
        for certificate in certificates:
            verify_readable(certificate)
        chain = Chain(tuple(certificates))
        verify_chain_order(certificates)
        verify_leaf(chain, now=now)
    except (MaterialError, ValueError, x509.InvalidVersion) as error:
        message, hint = (
            (error.message, error.hint) if isinstance(error, MaterialError) else (f"damaged: {error}", _ANEW)
        )
        yield result("chain", CheckVerdict.CRITICAL, message, hint)
        return
    trust = _trust_fault(certificates, roots, now)
    if trust is not None:
        yield result("trust", CheckVerdict.WARNING, trust.message, trust.hint)
    try:
        covering = _identity(endpoint, chain.leaf)
    except IdentityMismatch as error:
        yield result("names", CheckVerdict.CRITICAL, error.message, error.hint)
        return
    yield from _days(endpoint, chain.leaf, now)
    names = f"{describe_subject(chain.leaf)}, as {covering}"
    until = f"until {format_time(chain.leaf.not_valid_after_utc)} ({(chain.leaf.not_valid_after_utc - now).days} days)"
    yield result("served", CheckVerdict.OK, f"serves {names}, {until}, {served.tls_version}")
    if not endpoint.sip and not _has_client_auth(chain.leaf):
        message = "no clientAuth: ejabberd before 25.08 and old Openfire refuse it for SASL EXTERNAL and want dialback"
        yield result("partners", CheckVerdict.OK, message)


def _trust_fault(
    certificates: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], now: datetime
) -> MaterialError | None:
    if not roots:
        return None
    try:
        verify_trust(certificates, roots, now=now)
    except MaterialError as error:
        return error
    return None


def _identity(endpoint: Endpoint, leaf: x509.Certificate) -> str:
    """Give the name in ``leaf`` that is the domain's; for SIP (RFC 5922 §7) also that of the host it is found at."""
    if not endpoint.sip:
        return verify_identity(leaf, endpoint.domain).text
    try:
        return verify_identity(leaf, endpoint.domain, service="").text
    except IdentityMismatch:
        # Lync and Skype for Business edges look for the name of the SRV target, sip.<domain>.
        return verify_identity(leaf, endpoint.host or endpoint.domain, service="").text


def _days(endpoint: Endpoint, leaf: x509.Certificate, now: datetime) -> Iterator[CheckResult]:
    decision = decide_renewal(leaf.not_valid_before_utc, leaf.not_valid_after_utc, now=now)
    if decision.overdue is None:
        return
    days = (leaf.not_valid_after_utc - now).days
    message = f"{endpoint.text}: {days} days left, it should have been renewed on {format_time(decision.due_at)}"
    hint = "edgecert renew, where it is ours"
    yield CheckResult(endpoint.domain, "days", _VERDICTS[decision.overdue], message, hint)


def _has_client_auth(leaf: x509.Certificate) -> bool:
    try:
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True  # RFC 5280 §4.2.1.12: without the extension any purpose is allowed
    return bool({ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(usage))
