"""``edgecert prune``: old generations and the keys of ended requests out of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.cli.common import add_common, add_dry_run, host_settings
from edgecert.cli.session import lineage, wiring_for
from edgecert.lifecycle.protect import protected_generations
from edgecert.shared.errors import ExitCode

if TYPE_CHECKING:
    import argparse

    from edgecert.cli.common import CliContext
    from edgecert.shared.jsonvalue import JsonValue


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``prune``."""
    add_common(parser)
    add_dry_run(parser)
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="only this certificate; default: all")
    parser.add_argument(
        "--keep",
        type=int,
        metavar="N",
        help="how many generations stay (default: keep_generations of the host file, 5)",
    )


def run(context: CliContext) -> ExitCode:
    """Do ``prune``."""
    args, wiring = context.args, wiring_for(context)
    names = (lineage(wiring, args.name),) if args.name else wiring.store.lineages()
    keep = max(1, args.keep if args.keep is not None else host_settings(context).keep_generations)
    document: list[JsonValue] = []
    lines = []
    for name in names:
        with wiring.store.lock(name, wiring.lock_timeout):
            report = wiring.store.prune(
                name, keep=keep, protect=protected_generations(wiring.store, name), dry_run=args.dry_run
            )
            if not args.dry_run and (report.generations or report.requests):
                wiring.store.audit("pruned", name, generations=len(report.generations), requests=len(report.requests))
        document.append({"name": name, "generations": list(report.generations), "requests": list(report.requests)})
        if report.generations or report.requests:
            verb = "would be removed" if args.dry_run else "removed"
            gone = ", ".join(map(str, report.generations)) or "none"
            lines.append(f"{name}: {verb}: generations {gone}; requests {', '.join(report.requests) or 'none'}")
    context.output.result({"dry_run": args.dry_run, "certificates": document}, "\n".join(lines) or "nothing to remove")
    return ExitCode.OK
