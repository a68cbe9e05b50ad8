"""``edgecert rename``: another name for a certificate."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from edgecert.cli.common import add_common
from edgecert.cli.session import lineage, wiring_for
from edgecert.model.request import NAME_PATTERN
from edgecert.shared.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse

    from edgecert.cli.common import CliContext


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``rename``."""
    add_common(parser)
    parser.add_argument("old", metavar="OLD", help="the certificate")
    parser.add_argument("new", metavar="NEW", help="its new name")


def run(context: CliContext) -> ExitCode:
    """Do ``rename``."""
    args, wiring = context.args, wiring_for(context)
    old = lineage(wiring, args.old)
    if not re.fullmatch(NAME_PATTERN, args.new):
        message = f"{args.new!r} is no name for a certificate"
        raise UsageError(message, code="name", hint="lower-case letters, digits, dot, hyphen, underscore; at most 64")
    if old == args.new:
        context.output.result({"old": old, "name": old}, f"{old} has that name already")
        return ExitCode.OK
    first, second = sorted((old, args.new))
    with wiring.store.lock(first, wiring.lock_timeout), wiring.store.lock(second, wiring.lock_timeout):
        wiring.store.rename(old, args.new)
        settings = wiring.store.load_settings(args.new)
        if settings is not None:
            certificate = replace(settings.request.certificate, name=args.new)
            wiring.store.save_settings(
                args.new, replace(settings, request=replace(settings.request, certificate=certificate))
            )
        wiring.store.audit("renamed", args.new, old=old)
    text = (
        f"{old} is now {args.new}; change the name in its flags file too. Targets take the new name at the next deploy"
    )
    context.output.result({"old": old, "name": args.new}, text)
    return ExitCode.OK
