"""``edgecert-gateway completion``: a script that completes verbs, options and their values in bash, zsh or fish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.shared.errors import ExitCode
from gateway.cli.common import add_common

if TYPE_CHECKING:
    import argparse

    from edgecert.shared.parser import Parser
    from gateway.cli.context import GatewayContext


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``completion``."""
    add_common(parser)
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell that is to complete")


def run(context: GatewayContext) -> ExitCode:
    """Do ``completion``."""
    shell = context.args.shell
    script = _fish() if shell == "fish" else _shtab(shell)
    context.output.result({"shell": shell, "script": script}, script)
    return ExitCode.OK


def whole_parser() -> Parser:
    """Give one parser with every verb below it, for completion; a run builds only the parser of its own verb."""
    from edgecert.shared.parser import Parser
    from gateway.cli.main import PROGRAM, VERBS, load_verb

    parser = Parser(prog=PROGRAM)
    parser.add_argument("--version", action="store_true", help="print the version")
    verbs = parser.add_subparsers(metavar="VERB")
    for name, verb in VERBS.items():
        load_verb(name).configure(verbs.add_parser(name, help=verb.help, description=verb.help))
    return parser


def _shtab(shell: str) -> str:
    import shtab

    return shtab.complete(whole_parser(), shell=shell)


def _fish() -> str:
    from edgecert.shared.fish import fish_script
    from gateway.cli.main import PROGRAM, VERBS, build_parser

    return fish_script(PROGRAM, {name: (verb.help, build_parser(name)) for name, verb in VERBS.items()})
