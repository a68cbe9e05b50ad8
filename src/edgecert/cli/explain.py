"""``edgecert explain``: what an error or finding code means and how to mend it, offline."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from edgecert.cli.common import add_common
from edgecert.shared.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from edgecert.cli.context import CliContext
    from edgecert.model.explanations.entry import Explanation

_WIDTH: Final = 78


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``explain``."""
    add_common(parser)
    parser.add_argument("code", nargs="?", metavar="CODE", help="an error or finding code; without one, all are listed")


def run(context: CliContext) -> ExitCode:
    """Do ``explain``."""
    from edgecert.model.explanations import all_entries

    entries = all_entries()
    if context.args.code is None:
        return _list(context, entries)
    code = context.args.code.strip("[]").lower()
    entry = entries.get(code)
    if entry is None:
        from edgecert.shared.parser import nearest

        raise UsageError(f"there is no code {code!r}{nearest(code, entries)}", hint="edgecert explain lists them all")
    result = {"code": code, "title": entry.title, "text": entry.text, "mend": entry.mend}
    context.output.result(result, _human(code, entry))
    return ExitCode.OK


def _human(code: str, entry: Explanation) -> str:
    body = [textwrap.fill(paragraph, _WIDTH) for paragraph in entry.text.split("\n\n")]
    mend = textwrap.fill(entry.mend, _WIDTH, initial_indent="To mend: ", subsequent_indent="         ")
    return "\n\n".join((f"{code}: {entry.title}", *body, mend))


def _list(context: CliContext, entries: Mapping[str, Explanation]) -> ExitCode:
    from edgecert.model.explanations.exitcodes import EXIT_CODES

    rows = [(code, entry.title) for code, entry in sorted(entries.items())]
    codes = [(str(int(code)), text) for code, text in EXIT_CODES.items()]
    human = "\n\n".join((context.output.table(("CODE", "MEANS"), rows), context.output.table(("EXIT", "MEANS"), codes)))
    result = {
        "codes": [{"code": code, "title": title} for code, title in rows],
        "exit_codes": [
            {"code": int(code), "name": code.name.lower(), "text": text} for code, text in EXIT_CODES.items()
        ],
    }
    context.output.result(result, human)
    return ExitCode.OK
