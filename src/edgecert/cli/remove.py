"""``edgecert remove``: a certificate out of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.cli.common import add_common, add_dry_run
from edgecert.cli.session import confirmed, lineage, wiring_for
from edgecert.shared.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse

    from edgecert.cli.common import CliContext


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``remove``."""
    add_common(parser)
    add_dry_run(parser)
    parser.add_argument("name", metavar="NAME", help="the certificate")
    parser.add_argument("--in-service", action="store_true", help="remove it although targets still serve it")


def run(context: CliContext) -> ExitCode:
    """Do ``remove``."""
    args, wiring = context.args, wiring_for(context)
    name = lineage(wiring, args.name)
    with wiring.store.lock(name, wiring.lock_timeout):
        serving = [entry.target for entry in wiring.store.deployments(name).targets if entry.serving is not None]
        if serving and not args.in_service:
            message = f"{name} is in service at {', '.join(serving)}"
            raise UsageError(
                message,
                code="in-service",
                hint=f"edgecert remove {name} --in-service, if nobody needs it there any more",
            )
        count = len(wiring.store.generations(name))
        document = {"name": name, "generations": count, "dry_run": args.dry_run, "removed": False}
        if args.dry_run:
            context.output.result(document, f"{name} and its {count} generations would be removed")
            return ExitCode.OK
        if not confirmed(context, f"Remove {name}, its {count} generations and their keys for ever?"):
            context.output.result(document, f"{name} is kept")
            return ExitCode.OK
        wiring.store.remove(name)
        wiring.store.audit("removed", name, generations=count)
    context.output.result(document | {"removed": True}, f"{name} is removed")
    return ExitCode.OK
