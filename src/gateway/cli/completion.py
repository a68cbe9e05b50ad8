"""``edgecert-gateway completion``: a script that completes verbs, options and their values in bash, zsh or fish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.shared.completion import SHELLS
from edgecert.shared.errors import ExitCode
from gateway.cli.common import add_common

if TYPE_CHECKING:
    import argparse

    from gateway.cli.context import GatewayContext


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``completion``."""
    add_common(parser)
    parser.add_argument("shell", choices=SHELLS, help="the shell that is to complete")


def run(context: GatewayContext) -> ExitCode:
    """Do ``completion``."""
    from edgecert.shared.completion import completion_script
    from gateway.cli.main import PROGRAM, VERBS, load_verb

    shell = context.args.shell
    script = completion_script(shell, PROGRAM, VERBS, lambda name, parser: load_verb(name).configure(parser))
    context.output.result({"shell": shell, "script": script}, script)
    return ExitCode.OK
