"""``edgecert check``: the doctor, for people, for programs and for Nagios."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.cli import shapes
from edgecert.cli.checkdomains import add_domain_options, check_domains, check_lineages
from edgecert.cli.common import add_common
from edgecert.cli.session import flags_file_changed, lineage, wiring_for
from edgecert.shared.errors import EdgecertError, ExitCode

if TYPE_CHECKING:
    import argparse

    from edgecert.cli.common import CliContext
    from edgecert.lifecycle.check import CheckResult, CheckVerdict
    from edgecert.wiring import Wiring


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``check``."""
    add_common(parser)
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="only this certificate; default: all")
    parser.add_argument(
        "--nagios", action="store_true", help="one line with performance data and Nagios' own exit codes"
    )
    add_domain_options(parser)


def run(context: CliContext) -> ExitCode:
    """Do ``check``."""
    from edgecert.lifecycle.check import CheckVerdict

    if context.args.nagios:
        return _nagios(context)
    wiring = wiring_for(context)
    results = _results(context, wiring)
    worst = _worst(results)
    document = [
        {
            "subject": result.subject,
            "check": result.check,
            "verdict": result.verdict.name.lower(),
            "message": result.message,
            "hint": result.hint,
        }
        for result in results
    ]
    context.output.result({"checks": document}, _human(results) or "there is nothing to check yet")
    return {CheckVerdict.OK: ExitCode.OK, CheckVerdict.WARNING: ExitCode.WARNING}.get(worst, ExitCode.CRITICAL)


def _results(context: CliContext, wiring: Wiring) -> tuple[CheckResult, ...]:
    from edgecert.lifecycle.check import Checking

    outside = bool(context.args.domain or context.args.host)
    domains = check_domains(context) if outside else ()
    name = context.args.name
    if outside and not name:
        return domains  # somebody else's, perhaps: our own store has no say in it
    checking = Checking(wiring.store, wiring.deploying, wiring.due, flags_file_changed, context.clock)
    names = (lineage(wiring, name),) if name else wiring.store.lineages()
    own = tuple(result for each in names for result in checking.check(each))
    return (*domains, *own, *check_lineages(context, wiring, names))


def _worst(results: tuple[CheckResult, ...]) -> CheckVerdict:
    from edgecert.lifecycle.check import CheckVerdict

    return max((result.verdict for result in results), default=CheckVerdict.OK)


def _human(results: tuple[CheckResult, ...]) -> str:
    from edgecert.lifecycle.check import CheckVerdict

    marks = {CheckVerdict.OK: "ok", CheckVerdict.WARNING: "WARNING", CheckVerdict.CRITICAL: "CRITICAL"}
    lines = []
    for result in sorted(results, key=lambda entry: -entry.verdict):
        lines.append(f"{marks[result.verdict]:<8}  {result.subject}: {result.message} [{result.check}]")
        if result.hint and result.verdict is not CheckVerdict.OK:
            lines.append(f"{'':8}  try: {result.hint}")
    return "\n".join(lines)


def _nagios(context: CliContext) -> ExitCode:
    """Print Nagios' first line; whatever hinders the check is UNKNOWN, not a crash of the plug-in."""
    from edgecert.lifecycle.check import CheckVerdict

    try:
        wiring = wiring_for(context)
        results = _results(context, wiring)
        outside_only = (context.args.domain or context.args.host) and not context.args.name
        metas = [
            wiring.store.load_meta(name, number)
            for name in (() if outside_only else wiring.store.lineages())
            if (number := wiring.store.current(name)) is not None
        ]
    except EdgecertError as error:
        context.output.result({"status": "UNKNOWN"}, f"EDGECERT UNKNOWN - {error.message}")
        return ExitCode(CheckVerdict.UNKNOWN)
    worst = _worst(results)
    bad = [result for result in results if result.verdict is worst and worst is not CheckVerdict.OK]
    good = _all_good(len(metas)) if metas or not results else f"{len(results)} things are good"
    text = "; ".join(f"{result.subject}: {result.message}" for result in bad) or good
    data = " ".join(f"'{meta.name}'={shapes.days_left(meta, context.clock.now())}" for meta in metas)
    context.output.result({"status": worst.name}, f"EDGECERT {worst.name} - {text.replace('|', '/')} | {data}")
    return ExitCode(worst)


def _all_good(count: int) -> str:
    return "1 certificate is good" if count == 1 else f"{count} certificates are good"
