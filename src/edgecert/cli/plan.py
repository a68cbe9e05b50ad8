"""``edgecert plan``: which names the certificate needs, and why. Changes nothing and asks nobody."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from edgecert.cli.common import add_common, add_request_options, resolve_request
from edgecert.shared.errors import ExitCode, PlanError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from edgecert.cli.context import CliContext
    from edgecert.model.findings import Finding
    from edgecert.model.sanplan import PlannedCertificate, SanPlan
    from edgecert.shared.output import Output, Style

_STYLES: Final[dict[str, Style]] = {"error": "red", "warning": "yellow", "info": "dim"}
_INDENT: Final = " " * 11


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``plan``."""
    add_common(parser)
    add_request_options(parser)


def run(context: CliContext) -> ExitCode:
    """Do ``plan``: exit 1 when a finding is an error, since then nothing would be asked of a CA."""
    from edgecert.model.sanplan import plan_sans, plan_to_json

    resolved = resolve_request(context)
    plan = plan_sans(resolved.request)
    text = "\n\n".join(_parts(context.output, plan))
    context.output.result(plan_to_json(plan), text, error=_error(plan))
    return ExitCode.FAILED if plan.errors else ExitCode.OK


def _error(plan: SanPlan) -> PlanError | None:
    count = len(plan.errors)
    if not count:
        return None
    hint = f"edgecert explain {plan.errors[0].code}"
    return PlanError(f"{count} finding{'s' if count > 1 else ''} of severity error: no CA is asked", hint=hint)


def _parts(output: Output, plan: SanPlan) -> Iterator[str]:
    for certificate in plan.certificates:
        yield _certificate(output, certificate)
    if plan.findings:
        # sorted() is stable: within one severity the planner's order stays.
        findings = sorted(plan.findings, key=lambda finding: list(_STYLES).index(finding.severity.value))
        yield "\n".join(("Findings", *(_finding(output, finding) for finding in findings)))


def _certificate(output: Output, certificate: PlannedCertificate) -> str:
    count = len(certificate.names)
    subject = f"CN={certificate.common_name}" if certificate.common_name else "empty subject, the names are critical"
    heading = f"Certificate {certificate.name}: {count} name{'' if count == 1 else 's'}, {subject}"
    rows = [(planned.name.text, planned.name.kind, ", ".join(planned.reasons)) for planned in certificate.names]
    return "\n".join((heading, output.table(("NAME", "KIND", "REASON"), rows)))


def _finding(output: Output, finding: Finding) -> str:
    severity = output.style(f"{finding.severity.value:<7}", _STYLES[finding.severity.value])
    message = _wrap(output, f"{finding.message} [{finding.code}]")
    return f"  {severity}  {message.lstrip()}" + (f"\n{_wrap(output, finding.hint)}" if finding.hint else "")


def _wrap(output: Output, text: str) -> str:
    """Indent under the severity; lines are broken on a terminal only."""
    width = output.width or len(text) + len(_INDENT)
    return textwrap.fill(text, width, initial_indent=_INDENT, subsequent_indent=_INDENT, break_on_hyphens=False)
