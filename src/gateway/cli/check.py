"""``edgecert-gateway check``: before it is started, or when it does not start: what is wrong, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.shared.errors import ExitCode
from gateway.cli.common import add_common

if TYPE_CHECKING:
    import argparse

    from gateway.cli.context import GatewayContext


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``check``."""
    add_common(parser)


def run(context: GatewayContext) -> ExitCode:
    """Do ``check``: 0 all well, 2 the configuration is wrong, 3 warnings, 4 it would not serve."""
    from gateway.cli.hostchecks import Verdict, check_host

    settings = context.settings()
    checks = check_host(settings)
    marks = {Verdict.OK: "ok", Verdict.WARNING: "warning", Verdict.CRITICAL: "CRITICAL"}
    rows = [[marks[entry.verdict], entry.check, entry.subject, entry.message] for entry in checks]
    lines = [context.output.table(("VERDICT", "CHECK", "SUBJECT", "WHAT"), rows)]
    lines += [f"{entry.subject}: {entry.hint}" for entry in checks if entry.hint]
    context.output.result(
        {"config": str(context.config), "checks": [entry.to_json() for entry in checks]}, "\n".join(lines)
    )
    verdicts = {entry.verdict for entry in checks}
    if Verdict.CRITICAL in verdicts:
        return ExitCode.CRITICAL
    return ExitCode.WARNING if Verdict.WARNING in verdicts else ExitCode.OK
