"""Completion scripts of a command line with verbs: for bash and zsh by shtab, for fish by our own hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from edgecert.shared.parser import Parser

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from edgecert.shared.commandline import Verb

    Configure = Callable[[str, argparse.ArgumentParser], None]
    Shell = Literal["bash", "zsh", "fish"]

SHELLS: Final = ("bash", "zsh", "fish")


def completion_script(shell: Shell, program: str, verbs: Mapping[str, Verb], configure: Configure) -> str:
    """Give the script by which ``shell`` completes ``program``; ``configure`` adds a verb's arguments to a parser."""
    if shell == "fish":
        from edgecert.shared.fish import fish_script  # noqa: PLC0415  # only for that shell

        parsers = {name: Parser(prog=f"{program} {name}") for name in verbs}
        for name, parser in parsers.items():
            configure(name, parser)
        return fish_script(program, {name: (verb.help, parsers[name]) for name, verb in verbs.items()})
    import shtab  # noqa: PLC0415  # only for completion

    return shtab.complete(whole_parser(program, verbs, configure), shell=shell)


def whole_parser(program: str, verbs: Mapping[str, Verb], configure: Configure) -> Parser:
    """Give one parser with every verb below it; a run builds only the parser of its own verb."""
    parser = Parser(prog=program)
    parser.add_argument("--version", action="store_true", help="print the version")
    below = parser.add_subparsers(metavar="VERB")
    for name, verb in verbs.items():
        configure(name, below.add_parser(name, help=verb.help, description=verb.help))
    return parser
