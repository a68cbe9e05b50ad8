"""``edgecert completion``: a script that completes verbs, options and their values in bash, zsh or fish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.shared.errors import ExitCode

if TYPE_CHECKING:
    import argparse

    from edgecert.cli.context import CliContext


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``completion``."""
    from edgecert.cli.common import add_common
    from edgecert.shared.completion import SHELLS

    add_common(parser)
    parser.add_argument("shell", choices=SHELLS, help="the shell that is to complete")


def run(context: CliContext) -> ExitCode:
    """Do ``completion``."""
    from edgecert.cli.main import VERBS, load_verb
    from edgecert.shared.completion import completion_script

    shell = context.args.shell
    script = completion_script(shell, "edgecert", VERBS, lambda name, parser: load_verb(name).configure(parser))
    context.output.result({"shell": shell, "script": script}, script)
    return ExitCode.OK
