"""The part of ``edgecert check`` that looks from outside: the DNS, and what is served where it leads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgecert.cli.discover import add_nameservers
from edgecert.shared.errors import MaterialError, UsageError
from edgecert.shared.names import NameProblem, normalise_domain

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from cryptography import x509

    from edgecert.cli.common import CliContext
    from edgecert.dns.lookup import Lookup
    from edgecert.interfaces import SavedSettings
    from edgecert.lifecycle.check import CheckResult
    from edgecert.lifecycle.checkdomain import Endpoint
    from edgecert.model.dnsrecords import Answer, Question
    from edgecert.wiring import Wiring

_PROTOCOLS: Final = {"5269": "xmpp-s2s", "5270": "xmpps-s2s"}


def add_domain_options(parser: argparse.ArgumentParser) -> None:
    """Add what says which domains and hosts are looked at."""
    group = parser.add_argument_group("domains and hosts, ours or not")
    group.add_argument(
        "--domain", action="append", default=[], help="look at this domain from outside (may be repeated)"
    )
    group.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="ask this listener for each --domain, instead of where the DNS leads; "
        "xmpp-s2s://, xmpps-s2s:// or tls:// in front says how",
    )
    group.add_argument("--trust", type=Path, metavar="FILE", help="roots (PEM) to trust instead of the system's")
    group.add_argument(
        "--dns", dest="dns", action="store_true", default=None, help="look at the DNS of certificates from any issuer"
    )
    group.add_argument("--no-dns", dest="dns", action="store_false", help="look at no certificate's DNS")
    add_nameservers(parser)


def check_domains(context: CliContext) -> tuple[CheckResult, ...]:
    """Look at the domains and hosts that the arguments name.

    Raises:
        UsageError: a host without a domain, or what is no host or domain.
    """
    from edgecert.lifecycle.checkdomain import domain_questions, endpoints_of, look_at_dns

    args = context.args
    if args.host and not args.domain:
        message = "--host needs the domain that is asked for"
        raise UsageError(message, hint=f"edgecert check --host {args.host[0]} --domain contoso.com")
    domains = tuple(dict.fromkeys(_domain(text) for text in args.domain))
    if args.host:
        endpoints = [_endpoint(text, domain) for text in args.host for domain in domains]
        return tuple(_probe(context, endpoints, _roots(context)))
    lookup = _lookup(context)
    lookup.ask(question for domain in domains for question in domain_questions(domain))
    answers = _follow(lookup, domains)
    results = [result for domain in domains for result in look_at_dns(domain, answers)]
    endpoints = [endpoint for domain in domains for endpoint in endpoints_of(domain, answers)]
    return (*results, *_probe(context, endpoints, _roots(context)))


def check_lineages(context: CliContext, wiring: Wiring, names: Sequence[str]) -> tuple[CheckResult, ...]:
    """Look at the DNS of the lineages, and at what is served where it leads.

    A certificate of the built-in CA is often for names that no DNS knows: its DNS is looked at only with ``--dns``.
    """
    saved = [settings for name in names if (settings := wiring.store.load_settings(name)) is not None]
    wanted = [settings for settings in saved if settings.part == 1 and _is_wanted(context, settings)]
    if not wanted:
        return ()
    lookup, roots = _lookup(context), _roots(context, wiring)
    return tuple(result for settings in wanted for result in _lineage(context, wiring, settings, lookup, roots))


def _is_wanted(context: CliContext, settings: SavedSettings) -> bool:
    given: bool | None = context.args.dns
    return settings.request.issuer.kind != "local" if given is None else given


def _lineage(
    context: CliContext,
    wiring: Wiring,
    settings: SavedSettings,
    lookup: Lookup,
    roots: Sequence[x509.Certificate],
) -> Iterable[CheckResult]:
    from edgecert.cli.dns import account_url, keys_of
    from edgecert.lifecycle.checkdomain import TOPOLOGY_SERVICES, endpoints_of, findings_to_results
    from edgecert.model.caa import CaaPolicy
    from edgecert.model.carules import issuer_of_directory
    from edgecert.model.dnsrecords import DnsOptions, Question, normalised_domains, plan_dns
    from edgecert.model.dnsverify import DnsContext, first_questions, next_questions, verify_dns

    request = settings.request
    name, topology = request.certificate.name, request.topology
    plan = plan_dns(request, DnsOptions())
    served = [
        (domain, TOPOLOGY_SERVICES[kind])
        for kind, texts in (("xmpp", topology.xmpp_domains), ("sip", topology.sip_domains))
        for domain in normalised_domains(texts)
    ]
    records = [f"{service}.{domain}" for domain, services in served for service in services]
    answers = lookup.ask([*first_questions(plan), *(Question(record, "SRV") for record in records)])
    answers = lookup.ask(next_questions(records, answers))
    issuer = issuer_of_directory(request.issuer.directory) if request.issuer.kind == "acme" else ""
    policy = CaaPolicy(issuer, account_url(wiring, request)) if issuer else None
    results = findings_to_results(verify_dns(plan, answers, DnsContext(name, policy, keys_of(wiring, name))), name)
    endpoints = [each for domain, services in served for each in endpoints_of(domain, answers, services=services)]
    return (*results, *_probe(context, endpoints, roots))


def _lookup(context: CliContext) -> Lookup:
    from edgecert.dns.lookup import Lookup

    return Lookup(context.args.nameserver)


def _follow(lookup: Lookup, domains: Sequence[str]) -> dict[Question, Answer]:
    from edgecert.model.dnsrecords import SERVICES
    from edgecert.model.dnsverify import next_questions

    services = [f"{service}.{domain}" for domain in domains for service in SERVICES]
    return lookup.ask(next_questions(services, lookup.ask(())))


def _probe(
    context: CliContext, endpoints: Sequence[Endpoint], roots: Sequence[x509.Certificate]
) -> Iterable[CheckResult]:
    from edgecert.lifecycle.checkdomain import judge_served
    from edgecert.probe.handshake import HandshakeProber
    from edgecert.probe.many import probe_all

    places = [(endpoint.address, endpoint.protocol, endpoint.domain) for endpoint in endpoints]
    served = probe_all(HandshakeProber(context.clock), places)
    now = context.clock.now()
    for endpoint, each in zip(endpoints, served, strict=True):
        yield from judge_served(endpoint, each, now=now, roots=roots)


def _roots(context: CliContext, wiring: Wiring | None = None) -> tuple[x509.Certificate, ...]:
    """Give the roots of ``--trust``, else the system's and, for our own certificates, that of the built-in CA."""
    from edgecert.shared.certreader import parse_certificates
    from edgecert.shared.systemroots import load_system_roots

    file: Path | None = context.args.trust
    try:
        if file is not None:
            return parse_certificates(file.read_bytes())
        roots = load_system_roots() or ()
    except OSError as error:
        message = f"{error.filename}: {error.strerror}"
        raise UsageError(message, code="unreadable-file") from error
    if wiring is not None and (wiring.state_dir / "local-ca").is_dir():
        try:
            roots = (*roots, *parse_certificates(wiring.local_ca().export_root(limited=False)))
        except MaterialError:
            return roots
    return roots


def _domain(text: str) -> str:
    try:
        return normalise_domain(text)
    except NameProblem as error:
        raise UsageError(error.message, code=error.code, hint=error.hint) from error


def _endpoint(text: str, domain: str) -> Endpoint:
    from edgecert.lifecycle.checkdomain import Endpoint
    from edgecert.probe.handshake import PROTOCOLS

    protocol, separator, address = text.partition("://")
    if not separator:
        protocol, address = "", text
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or (separator and protocol not in PROTOCOLS):
        message = f"{text!r} is no host:port"
        hint = f"write host:port or [address]:port; {', '.join(f'{each}://' for each in PROTOCOLS)} in front says how"
        raise UsageError(message, hint=hint)
    protocol = protocol or _PROTOCOLS.get(port, "tls")
    return Endpoint(domain, address, protocol, host.strip("[]"), sip=protocol == "tls")
