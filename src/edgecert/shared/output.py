"""What a verb says: the result on stdout, the rest on stderr; for people or, with ``--json``, as one document."""

from __future__ import annotations

import os
import re
import textwrap
import unicodedata
from typing import TYPE_CHECKING, Final, Literal, TextIO

from edgecert.shared.errors import ConfigError, EdgecertError
from edgecert.shared.printable import blank_controls, json_text, show_controls

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgecert.shared.jsonvalue import JsonObject, JsonValue

SCHEMA: Final = "edgecert/1"

Style = Literal["bold", "dim", "red", "green", "yellow", "plain"]

_CODES: Final[Mapping[Style, str]] = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "plain": ""}
_OWN: Final = re.compile(f"(\x1b\\[(?:{'|'.join(filter(None, _CODES.values()))}|0)m)")
_MIN_LAST_COLUMN: Final = 20


def colour_wanted(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether ``stream`` is a terminal that shows colours and nobody said ``NO_COLOR`` (no-color.org)."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM", "dumb") != "dumb"


class Output:
    """The voice of one run. Implements :class:`edgecert.interfaces.Progress`.

    Colours only repeat what words already say.
    """

    def __init__(
        self,
        stdout: TextIO,
        stderr: TextIO,
        *,
        json: bool = False,
        quiet: bool = False,
        verbose: int = 0,
        colour: bool = False,
        program: str = "edgecert",
    ) -> None:
        """Write results to ``stdout`` and the rest to ``stderr``; ``program`` begins error lines."""
        self._stdout = stdout
        self._stderr = stderr
        self.json = json
        self.quiet = quiet
        self.verbose = verbose
        self.colour = colour
        self._program = program
        self._warnings: list[JsonObject] = []

    # --- while it works --------------------------------------------------------------------------

    def step(self, text: str) -> None:
        """Say on stderr that a step begins or is done; nothing when quiet."""
        if not self.quiet:
            self._say(text)

    def detail(self, text: str) -> None:
        """Say on stderr what only ``-v`` asks for."""
        if self.verbose:
            self._say(text)

    def warn(self, code: str, message: str, path: str = "") -> None:
        """Say something that deserves attention: on stderr now, and in the JSON document at the end."""
        self._warnings.append({"code": code, "message": message, "path": path})
        if not self.json:
            place = f"{path}: " if path and not message.startswith(path) else ""
            self._say(f"{self.style('warning', 'yellow')}: {place}{message} [{code}]")

    # --- at the end ------------------------------------------------------------------------------

    def result(self, result: Mapping[str, object], human: str, *, error: EdgecertError | None = None) -> None:
        """Print the result: ``human`` for people, ``result`` in the JSON document.

        With ``error`` the result is one of a run that failed: the document says ``ok: false`` and holds both, people
        read the error on stderr after the result.
        """
        if self.json:
            self._document(
                {"ok": error is None, "result": result, **({"error": error_to_json(error)} if error else {})}
            )
            return
        if human:
            self._stdout.write(self._shown(human if human.endswith("\n") else human + "\n"))
            self._stdout.flush()
        if error:
            self.failure(error)

    def line(self, result: Mapping[str, object], human: str, *, error: EdgecertError | None = None) -> None:
        """Print one of many results, for verbs that stay: with ``--json`` one document per line (JSON Lines)."""
        if not self.json:
            self.result(result, human, error=error)
            return
        self._document(
            {"ok": error is None, "result": result, **({"error": error_to_json(error)} if error else {})}, None
        )

    def failure(self, error: EdgecertError) -> None:
        """Print why the run failed: the JSON document on stdout, or the message and its hint on stderr."""
        if self.json:
            self._document({"ok": False, "error": error_to_json(error)})
            return
        word = self.style("error", "red")
        if isinstance(error, ConfigError):
            # One problem a line, the place first: editors and people jump to it.
            for problem in error.problems:
                self._say(str(problem))
            count = len(error.problems)
            self._say(f"{self._program}: {word}: {count} problem{'s' if count > 1 else ''} found [{error.code}]")
        else:
            self._say(f"{self._program}: {word}: {error.message} [{error.code}]")
        if error.hint:
            self._say(textwrap.indent(error.hint, "  "))

    def _document(self, body: Mapping[str, object], indent: int | None = 2) -> None:
        document = {"schema": SCHEMA, **body, "warnings": list(self._warnings)}
        self._warnings.clear()
        self._stdout.write(json_text(document, indent) + "\n")
        self._stdout.flush()

    def _say(self, text: str) -> None:
        self._stderr.write(self._shown(text) + "\n")
        self._stderr.flush()

    def _shown(self, text: str) -> str:
        """Give ``text`` without what would steer the terminal, our own colours apart."""
        if not self.colour:
            return show_controls(text)
        return "".join(part if number % 2 else show_controls(part) for number, part in enumerate(_OWN.split(text)))

    # --- how it looks ----------------------------------------------------------------------------

    def style(self, text: str, style: Style) -> str:
        """Give ``text`` in a colour or weight when colours are on, else as it is."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.colour and _CODES[style] else text

    @property
    def width(self) -> int:
        """The columns of the terminal that stdout is, 0 when it is none: then nothing is wrapped."""
        if not self._stdout.isatty():
            return 0
        import shutil  # noqa: PLC0415  # with all its archive formats only for a terminal's width

        return shutil.get_terminal_size().columns

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
        """Give an aligned table, its last column wrapped to ``width`` (default: the terminal's; 0: never)."""
        limit = self.width if width is None else width
        cells = [list(headers), *([blank_controls(cell) for cell in row] for row in rows)]
        widths = [max(display_width(row[column]) for row in cells) for column in range(len(headers))]
        room = max(limit - sum(widths[:-1]) - 2 * (len(headers) - 1), _MIN_LAST_COLUMN) if limit else 0
        lines: list[str] = []
        for number, row in enumerate(cells):
            lines += [self.style(line, "plain" if number else "bold") for line in _wrapped(row, widths, room)]
        return "\n".join(lines)


def _wrapped(row: Sequence[str], widths: Sequence[int], room: int) -> list[str]:
    head = "".join(_pad(cell, width) + "  " for cell, width in zip(row[:-1], widths[:-1], strict=True))
    if not room or display_width(row[-1]) <= room:
        return [(head + row[-1]).rstrip()]
    first, *rest = textwrap.wrap(row[-1], room, break_on_hyphens=False) or [""]
    blank = " " * display_width(head)
    return [(head + first).rstrip(), *(blank + line for line in rest)]


def display_width(text: str) -> int:
    """Give how many terminal columns ``text`` takes."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    combining = sum(bool(unicodedata.combining(character)) for character in text)
    return len(text) + wide - combining


def _pad(text: str, width: int) -> str:
    return text + " " * (width - display_width(text))


def error_to_json(error: EdgecertError) -> JsonObject:
    """Give an error as the JSON document has it; a :class:`ConfigError` also with its problems one by one."""
    document: dict[str, JsonValue] = {"code": error.code, "message": error.message, "hint": error.hint}
    if isinstance(error, ConfigError):
        document["problems"] = [
            {
                "file": problem.file,
                "line": problem.line,
                "key": problem.key,
                "message": problem.message,
                "nearest": problem.nearest,
            }
            for problem in error.problems
        ]
    return document


def silence(stream: TextIO) -> None:
    """Send what is still written to ``stream`` nowhere: whoever read it has gone."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, stream.fileno())
    os.close(devnull)
