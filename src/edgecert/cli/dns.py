"""``edgecert dns``: the records that an edge needs, shown, verified, published and removed."""

from __future__ import annotations

import argparse
import ipaddress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgecert.cli import shapes
from edgecert.cli.common import add_common, add_dry_run, resolve_request
from edgecert.cli.discover import add_nameservers
from edgecert.shared.errors import EdgecertError, ExitCode, NetworkError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.cli.common import CliContext
    from edgecert.dns.update import NotSeen, ZoneUpdater
    from edgecert.model.dnsrecords import Answers, DnsOptions, DnsPlan, DnsRecord, RrsetChange, WantedRecord
    from edgecert.model.findings import Finding
    from edgecert.model.request import CertificateRequest
    from edgecert.shared.jsonvalue import JsonObject
    from edgecert.wiring import Wiring

MAX_TTL: Final = 604800


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``dns``."""
    add_common(parser)
    add_dry_run(parser)
    add_nameservers(parser)
    parser.add_argument(
        "action",
        choices=("show", "verify", "publish", "remove"),
        help="show the records as zone-file lines, compare them with the DNS, publish what is missing, take ours away",
    )
    parser.add_argument(
        "name", nargs="?", default="", metavar="NAME", help="the certificate; may be left out when there is only one"
    )
    wanted = parser.add_argument_group("which records")
    wanted.add_argument(
        "--address",
        action="append",
        default=[],
        type=_address,
        help="an address of the access edge; A or AAAA records for its hosts (may be repeated)",
    )
    wanted.add_argument(
        "--caa-issuer", default="", metavar="DOMAIN", help="the CA's domain in CAA; default: the issuer's"
    )
    wanted.add_argument("--account-uri", default="", metavar="URI", help="let only this ACME account issue (RFC 8657)")
    wanted.add_argument("--tlsa", action="store_true", help="pin the key in service and the next one (DANE, 3 1 1)")
    wanted.add_argument("--direct-tls", action="store_true", help="also _xmpps-server, port 5270 (XEP-0368)")
    wanted.add_argument("--remote-users", action="store_true", help="also _sip._tls, port 443")
    wanted.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="DOMAIN",
        help="only records at and below this domain (may be repeated)",
    )
    wanted.add_argument("--ttl", type=_ttl, default=3600, metavar="SECONDS", help="TTL of the records (default: 3600)")
    update = parser.add_argument_group("publish and remove (RFC 2136)")
    update.add_argument("--server", default="", metavar="ADDRESS", help="primary server of the zones, address[:port]")
    update.add_argument("--tsig-key", type=Path, metavar="FILE", help="TSIG key, as tsig-keygen or keymgr -t wrote it")
    update.add_argument(
        "--tsig-name", default="", metavar="NAME", help="name of the key, where the file does not say it"
    )
    update.add_argument(
        "--tsig-algorithm", default="", metavar="NAME", help="algorithm of the key, where the file does not say it"
    )
    update.add_argument("--replace", action="store_true", help="publish: take foreign SRV and address records away")


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        message = f"{text!r} is no IP address"
        raise argparse.ArgumentTypeError(message) from None


def _ttl(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= MAX_TTL:
        message = f"{text!r} is no number of seconds from 1 to {MAX_TTL}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def run(context: CliContext) -> ExitCode:
    """Do ``dns``: ``verify`` exits 3 when something deserves attention, 4 when something is wrong."""
    args = context.args
    if args.action in {"publish", "remove"} and not args.server:
        message = f"dns {args.action} needs the primary server of the zone"
        raise UsageError(message, hint="--server 192.0.2.53; dig SOA DOMAIN names it")
    subject = _subject(context)
    match args.action:
        case "show":
            return _show(context, subject)
        case "verify":
            return _verify(context, subject)
        case _:
            return _change(context, subject)


@dataclass(frozen=True, slots=True)
class _Subject:
    """What the records are for: the lineage, what was asked for it, the keys that it has, and the plan."""

    name: str
    request: CertificateRequest
    keys: tuple[str, ...]
    options: DnsOptions
    plan: DnsPlan


def _subject(context: CliContext) -> _Subject:
    from edgecert.cli.session import lineage, settings_of, wiring_for
    from edgecert.model.carules import issuer_of_directory
    from edgecert.model.dnsrecords import DnsOptions, plan_dns

    args, wiring = context.args, wiring_for(context)
    if args.flags_file is not None:
        request = resolve_request(context).request
        name = request.certificate.name
        stored = (wiring.state_dir / "certificates" / name).is_dir()
    else:
        name = lineage(wiring, args.name)
        request, stored = settings_of(wiring, name).request, True
    keys = keys_of(wiring, name) if stored else ()
    if args.tlsa and not keys:
        message = f"{name} has no key yet that a TLSA record could pin"
        raise UsageError(message, hint="edgecert request, or edgecert apply")
    # A first CAA record shuts every other CA out of the domain: it is shown and removed only when it is asked for.
    known = request.issuer.kind == "acme" and args.action in {"verify", "publish"}
    directory = request.issuer.directory if known else ""
    options = DnsOptions(
        addresses=tuple(args.address),
        caa_issuer=(args.caa_issuer or issuer_of_directory(directory)).lower(),
        account_uri=args.account_uri,
        tlsa_keys=keys if args.tlsa else (),
        direct_tls=args.direct_tls,
        remote_users=args.remote_users,
        ttl=args.ttl,
    )
    plan = plan_dns(request, options)
    if args.action == "show" and request.issuer.kind == "acme":
        plan = replace(plan, records=(*plan.records, *_persisting(context, wiring, request)))
    return _Subject(name, request, keys, options, _only(args.only, plan))


def _persisting(context: CliContext, wiring: Wiring, request: CertificateRequest) -> Sequence[WantedRecord]:
    """Give the records of dns-persist-01; the CA says at the first order by what it is named in them."""
    from edgecert.model.carules import issuer_of_directory
    from edgecert.model.persistplan import needs_persist, plan_persist

    if not needs_persist(request):
        return ()
    args = context.args
    issuer = (args.caa_issuer or issuer_of_directory(request.issuer.directory)).lower()
    account = args.account_uri or wiring.acme(request).account_url()
    if issuer and account:
        return plan_persist(request, issuer, account, args.ttl)
    text = "the records of dns-persist-01 need the CA's domain (--caa-issuer) and the account's URL (--account-uri); "
    context.output.warn("persist-unknown", f"{text}edgecert issue prints them as the CA wants them")
    return ()


def _only(texts: Sequence[str], plan: DnsPlan) -> DnsPlan:
    """Give the part of ``plan`` that is at or below the domains, all of it when none is named."""
    from edgecert.model.dnsrecords import is_within
    from edgecert.shared.names import normalise_domain

    domains = [normalise_domain(text) for text in texts]
    if not domains:
        return plan

    def inside(name: str) -> bool:
        return any(is_within(name, domain) for domain in domains)

    return replace(
        plan,
        records=tuple(wanted for wanted in plan.records if inside(wanted.record.name)),
        hosts=tuple(needed for needed in plan.hosts if inside(needed.host)),
        names=tuple(name for name in plan.names if inside(name)),
    )


def keys_of(wiring: Wiring, name: str) -> tuple[str, ...]:
    """Give the hashes of the keys that listeners may present: in service, staged, newest, and of open requests."""
    from edgecert.shared.certfacts import spki_sha256

    store = wiring.store
    staged = store.staged(name)
    numbers = [wiring.deploying.desired(name), staged.generation if staged else None, store.current(name)]
    generations = [store.load_bundle(name, number) for number in dict.fromkeys(numbers) if number is not None]
    waiting = [request.spki_sha256 for request in store.requests(name) if request.state == "open"]
    return tuple(dict.fromkeys([*(spki_sha256(bundle.leaf.public_key()) for bundle in generations), *waiting]))


def _records(plan: DnsPlan) -> list[JsonObject]:
    return [
        {
            "name": wanted.record.name,
            "type": wanted.record.type,
            "data": wanted.record.data,
            "ttl": wanted.record.ttl,
            "reason": wanted.reason,
        }
        for wanted in plan.records
    ]


def _show(context: CliContext, subject: _Subject) -> ExitCode:
    plan = subject.plan
    have = {wanted.record.name for wanted in plan.records if wanted.record.type in {"A", "AAAA"}}
    hosts = [{"host": host.host, "reason": host.reason} for host in plan.hosts if host.host not in have]
    document = {"name": subject.name, "records": _records(plan), "addresses_needed": hosts}
    context.output.result(document, "\n".join(plan.zone_lines) or "; this topology needs no record")
    return ExitCode.OK


# --- verify ---


def account_url(wiring: Wiring, request: CertificateRequest) -> str:
    """Give the URL of the ACME account that ``request`` issues by, as far as this host knows it; nobody is asked."""
    if request.issuer.kind != "acme" or not request.issuer.directory:
        return ""
    return wiring.acme(request).facts(ask=False).account_url


def _verify(context: CliContext, subject: _Subject) -> ExitCode:
    from edgecert.cli.session import wiring_for
    from edgecert.dns.lookup import Lookup
    from edgecert.model.caa import CaaPolicy
    from edgecert.model.dnsverify import DnsContext, first_questions, next_questions, service_names, verify_dns

    plan, options = subject.plan, subject.options
    lookup = Lookup(context.args.nameserver)
    answers = lookup.ask(first_questions(plan))
    answers = lookup.ask(next_questions(service_names(plan), answers))
    account = options.account_uri or account_url(wiring_for(context), subject.request)
    policy = CaaPolicy(options.caa_issuer, account) if options.caa_issuer else None
    findings = verify_dns(plan, answers, DnsContext(subject.name, policy, subject.keys))
    document = {
        "name": subject.name,
        "records": _records(plan),
        "findings": [shapes.finding(finding) for finding in findings],
    }
    good = f"{subject.name}: all is there: records {len(plan.records)}, hosts with an address {len(plan.hosts)}"
    context.output.result(document, _findings_text(findings) or good)
    return _exit_code(findings)


def _exit_code(findings: Sequence[Finding]) -> ExitCode:
    severities = {finding.severity.value for finding in findings}
    if "error" in severities:
        return ExitCode.CRITICAL
    return ExitCode.WARNING if "warning" in severities else ExitCode.OK


def _findings_text(findings: Sequence[Finding]) -> str:
    lines = []
    for finding in findings:
        lines.append(f"{finding.severity.value:<8}  {finding.message} [{finding.code}]")
        if finding.hint:
            lines.append(f"{'':8}  try: {finding.hint}")
    return "\n".join(lines)


# --- publish and remove ---


def _updater(context: CliContext) -> ZoneUpdater:
    from edgecert.dns.lookup import Lookup
    from edgecert.dns.tsig import load_tsig_key
    from edgecert.dns.update import ZoneUpdater

    args = context.args
    key = load_tsig_key(args.tsig_key, name=args.tsig_name, algorithm=args.tsig_algorithm) if args.tsig_key else None
    return ZoneUpdater(args.server, key, Lookup(args.nameserver), context.clock)


def _change(context: CliContext, subject: _Subject) -> ExitCode:
    from edgecert.model.dnsrecords import Answer, Question, changes_to_publish, changes_to_remove

    updater, removing = _updater(context), context.args.action == "remove"
    records = [wanted.record for wanted in subject.plan.records]
    held = updater.read(dict.fromkeys(Question(record.name, record.type) for record in records))
    answers = {question: Answer(data) for question, data in held.items()}
    if removing:
        changes = changes_to_remove(records, answers)
    else:
        needed = _without_idle_caa(context, subject, answers)
        changes = changes_to_publish(needed, answers, replace=context.args.replace)
    foreign = [change for change in changes if change.foreign]
    if foreign:
        return _refuse(context, subject, changes, foreign)
    return _carry_out(context, subject, updater, changes)


def _without_idle_caa(context: CliContext, subject: _Subject, answers: Answers) -> list[DnsRecord]:
    """Give the records to publish: CAA only where the CA is shut out, or where ``--caa-issuer`` asks for it."""
    from edgecert.model.caa import CaaPolicy, needs_record
    from edgecert.model.dnsrecords import answer_to

    policy, asked = CaaPolicy(subject.options.caa_issuer, subject.options.account_uri), bool(context.args.caa_issuer)
    records = (wanted.record for wanted in subject.plan.records)
    return [
        record
        for record in records
        if record.type != "CAA"
        or needs_record(answer_to(answers, record.name, "CAA").records, record.name, policy, asked=asked)
    ]


def _refuse(
    context: CliContext, subject: _Subject, changes: Sequence[RrsetChange], foreign: Sequence[RrsetChange]
) -> ExitCode:
    names = ", ".join(f"{change.name} {change.type}" for change in foreign)
    message = f"records of somebody else stand at {names}; nothing was written"
    error = EdgecertError(message, code="dns-foreign", hint="if they are not needed any more, say --replace")
    context.output.result(_document(subject, changes), _lines(changes), error=error)
    return ExitCode.FAILED


def _carry_out(
    context: CliContext, subject: _Subject, updater: ZoneUpdater, changes: Sequence[RrsetChange]
) -> ExitCode:
    from edgecert.cli.session import confirmed

    output = context.output
    if not changes:
        output.result(_document(subject, changes), f"{subject.name}: nothing to change at {context.args.server}")
        return ExitCode.OK
    if context.dry_run:
        output.result(_document(subject, changes), f"{_lines(changes)}\nnothing was written (--dry-run)")
        return ExitCode.OK
    output.step(_lines(changes))
    if not confirmed(context, f"Change {len(changes)} record sets at {context.args.server}?"):
        output.result(_document(subject, changes), "nothing was written")
        return ExitCode.OK
    updater.apply(changes)
    missing = updater.wait_until_seen(changes)
    document = _document(subject, changes, done=True, missing=missing)
    if missing:
        first = missing[0]
        message = f"{first.server} does not show {first.name} {first.type} yet: {first.reason}"
        hint = f"the primary took the change; see whether its secondaries do: edgecert dns verify {subject.name}"
        error = NetworkError(message, code="dns-not-seen", hint=hint)
        output.result(document, "written, but not seen at every nameserver", error=error)
        return error.exit_code
    output.result(document, f"{subject.name}: {len(changes)} record sets changed, seen at every authoritative server")
    return ExitCode.OK


def _lines(changes: Sequence[RrsetChange]) -> str:
    return "\n".join(line for change in changes for line in change.lines)


def _document(
    subject: _Subject, changes: Sequence[RrsetChange], *, done: bool = False, missing: Sequence[NotSeen] = ()
) -> JsonObject:
    return {
        "name": subject.name,
        "changed": done,
        "changes": [
            {
                "name": change.name,
                "type": change.type,
                "add": list(change.add),
                "delete": list(change.delete),
                "foreign": list(change.foreign),
            }
            for change in changes
        ],
        "not_seen": [
            {"server": fault.server, "name": fault.name, "type": fault.type, "reason": fault.reason}
            for fault in missing
        ],
    }
