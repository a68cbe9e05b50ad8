"""``edgecert rollback``: the previous generation back in service; the bad one is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.cli import deploy
from edgecert.cli.common import add_common
from edgecert.cli.session import lineage, settings_of, wiring_for

if TYPE_CHECKING:
    import argparse

    from edgecert.cli.common import CliContext
    from edgecert.shared.errors import ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``rollback``."""
    add_common(parser)
    parser.add_argument(
        "name", nargs="?", default="", metavar="NAME", help="the certificate; may be left out when there is only one"
    )
    parser.add_argument("--reason", default="rolled back by hand", help="why; kept with the held generation")


def run(context: CliContext) -> ExitCode:
    """Do ``rollback``."""
    wiring = wiring_for(context)
    name = lineage(wiring, context.args.name)
    with wiring.store.lock(name, wiring.lock_timeout):
        targets = settings_of(wiring, name).request.deploy
        bundle, results = wiring.deploying.rollback(name, targets, reason=context.args.reason)
    return deploy.report(context, bundle, results)
