"""``edgecert plan``: which names the certificate needs, and why. Asks nobody, or with ``--discover`` the DNS."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from edgecert.cli.common import add_common, add_request_options, resolve_request
from edgecert.cli.discover import (
    add_discovery,
    add_nameservers,
    discovery_to_json,
    flags_file_text,
    propose,
    reason_rows,
    save,
)
from edgecert.shared.errors import ExitCode, PlanError, UsageError
from edgecert.shared.names import to_unicode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence

    from edgecert.cli.context import CliContext
    from edgecert.model.findings import Finding
    from edgecert.model.sanplan import PlannedCertificate, SanPlan
    from edgecert.settings import ResolvedRequest
    from edgecert.shared.jsonvalue import JsonObject
    from edgecert.shared.names import GeneralName
    from edgecert.shared.output import Output, Style

_STYLES: Final[dict[str, Style]] = {"error": "red", "warning": "yellow", "info": "dim"}
_INDENT: Final = " " * 11


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``plan``."""
    add_common(parser)
    add_request_options(parser)
    parser.add_argument("--repack", action="store_true", help="split the names anew instead of keeping them in place")
    add_discovery(parser)
    parser.add_argument(
        "--dns", action="store_true", help="also look at the DNS as an ACME CA will, and at this host's own orders"
    )
    add_nameservers(parser)


def run(context: CliContext) -> ExitCode:
    """Do ``plan``: exit 1 when a finding is an error, since then nothing would be asked of a CA."""
    if context.args.discover:
        return _discover(context)
    if context.args.save or (context.args.nameserver and not context.args.dns):
        message = "--save and --nameserver belong to --discover"
        raise UsageError(message, hint="edgecert plan --discover DOMAIN")
    resolved = resolve_request(context)
    plan = _plan(context, resolved)
    findings = (*plan.findings, *_prechecks(context, resolved, plan))
    text = "\n\n".join(_parts(context.output, plan, findings))
    return _result(context, replace(plan, findings=findings), findings, text)


def _prechecks(context: CliContext, resolved: ResolvedRequest, plan: SanPlan) -> tuple[Finding, ...]:
    """Give what an ACME CA would find in the DNS, with ``--dns``; the CA itself is not asked."""
    request = resolved.request
    if not context.args.dns or request.issuer.kind != "acme" or not request.issuer.directory:
        return ()
    from edgecert.cli.session import wiring_for
    from edgecert.lifecycle.precheck import Intent

    wiring = wiring_for(context)
    checking = wiring.prechecking(wiring.acme(request))
    found = [
        finding
        for certificate in plan.certificates
        for finding in checking.findings(Intent(request, tuple(entry.name for entry in certificate.names)), ask=False)
    ]
    return tuple(dict.fromkeys(found))


def _plan(context: CliContext, resolved: ResolvedRequest) -> SanPlan:
    from edgecert.model.sanplan import plan_sans

    return plan_sans(resolved.request, assignment=_assignment(context, resolved), repack=context.args.repack)


def _discover(context: CliContext) -> ExitCode:
    output = context.output
    resolved, found = propose(context)
    plan = _plan(context, resolved)
    findings = (*found.findings, *plan.findings)
    flags_file = flags_file_text(resolved.request, found)
    saved = save(context, flags_file)
    proposal = output.table(("KEY", "VALUE", "REASON"), reason_rows(found)) if found.reasons else "nothing was found"
    parts = [
        f"Topology\n{proposal}",
        *_parts(output, plan, findings),
        f"Flags file written to {saved}" if saved else f"Flags file (--save FILE writes it)\n\n{flags_file.rstrip()}",
    ]
    more = {"discovery": discovery_to_json(found, flags_file, saved)}
    return _result(context, plan, findings, "\n\n".join(parts), more)


def _result(
    context: CliContext,
    plan: SanPlan,
    findings: Sequence[Finding],
    text: str,
    more: JsonObject | None = None,
) -> ExitCode:
    from edgecert.model.sanplan import plan_to_json

    document = plan_to_json(replace(plan, findings=tuple(findings)))
    context.output.result({**document, **(more or {})}, text, error=_error(plan))
    return ExitCode.FAILED if plan.errors else ExitCode.OK


def _assignment(context: CliContext, resolved: ResolvedRequest) -> Mapping[str, int]:
    """Give where earlier plans put the names, from the saved settings; nothing where there is no store yet."""
    if not (resolved.state_dir / "certificates" / resolved.request.certificate.name).is_dir():
        return {}
    from edgecert.cli.session import wiring_for

    saved = wiring_for(context).store.load_settings(resolved.request.certificate.name)
    return saved.assignment if saved else {}


def _error(plan: SanPlan) -> PlanError | None:
    count = len(plan.errors)
    if not count:
        return None
    hint = f"edgecert explain {plan.errors[0].code}"
    return PlanError(f"{count} finding{'s' if count > 1 else ''} of severity error: no CA is asked", hint=hint)


def _parts(output: Output, plan: SanPlan, given: Sequence[Finding]) -> Iterator[str]:
    for certificate in plan.certificates:
        yield _certificate(output, certificate)
    if given:
        # sorted() is stable: within one severity the planner's order stays.
        findings = sorted(given, key=lambda finding: list(_STYLES).index(finding.severity.value))
        yield "\n".join(("Findings", *(_finding(output, finding) for finding in findings)))


def _certificate(output: Output, certificate: PlannedCertificate) -> str:
    count = len(certificate.names)
    subject = f"CN={certificate.common_name}" if certificate.common_name else "empty subject, the names are critical"
    heading = f"Certificate {certificate.name}: {count} name{'' if count == 1 else 's'}, {subject}"
    rows = [(_readable(planned.name), planned.name.kind, ", ".join(planned.reasons)) for planned in certificate.names]
    return "\n".join((heading, output.table(("NAME", "KIND", "REASON"), rows)))


def _readable(name: GeneralName) -> str:
    """Give the name as people write it, with the form that is on the wire beside it where they differ."""
    written = to_unicode(name.text) if name.kind == "dns" else name.text
    return name.text if written == name.text else f"{written} ({name.text})"


def _finding(output: Output, finding: Finding) -> str:
    severity = output.style(f"{finding.severity.value:<7}", _STYLES[finding.severity.value])
    message = _wrap(output, f"{finding.message} [{finding.code}]")
    return f"  {severity}  {message.lstrip()}" + (f"\n{_wrap(output, finding.hint)}" if finding.hint else "")


def _wrap(output: Output, text: str) -> str:
    """Indent under the severity; lines are broken on a terminal only."""
    width = output.width or len(text) + len(_INDENT)
    return textwrap.fill(text, width, initial_indent=_INDENT, subsequent_indent=_INDENT, break_on_hyphens=False)
