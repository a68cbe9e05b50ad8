"""The signs that say a state without colour, for terminals with Unicode and for others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Marks:
    """One sign for each state."""

    chosen: str
    open: str
    ticked: str
    unticked: str
    here: str
    done: str
    bad: str
    warning: str
    busy: str
    ahead: str


_COERCED: Final = ("C.UTF-8", "C.utf8", "UTF-8")
UNICODE: Final = Marks("(●)", "(○)", "[x]", "[ ]", "▸", "✓", "✗", "!", "…", "·")
ASCII: Final = Marks("(*)", "( )", "[x]", "[ ]", ">", "+", "x", "!", "~", ".")


def marks_for(environ: Mapping[str, str]) -> Marks:
    """Give the marks that the locale of ``environ`` can show."""
    ctype = environ.get("LC_CTYPE", "")
    if ctype in _COERCED:  # Python has set it by itself (PEP 538), whatever the terminal can do
        ctype = ""
    locale = environ.get("LC_ALL") or ctype or environ.get("LANG") or ""
    return UNICODE if "utf" in locale.lower() or not locale else ASCII


# Of the same width each, so that nothing moves.
_SIGNS: Final = str.maketrans(
    {
        **dict.fromkeys("│┃▌▐▎▊▏▕║", "|"),
        **dict.fromkeys("─━▔▁═▂▃▄▅▆▇", "-"),
        **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼", "+"),
        "●": "*",
        "○": " ",
        "✓": "+",
        "✗": "x",
        "…": "~",
        "·": ".",
        "▸": ">",
        "◂": "<",
        "→": ">",
        "×": "x",
        "█": "#",
        "🔎": "> ",
        "—": "-",
        "–": "-",
    }
)


def to_ascii(text: str) -> str:
    """Give ``text`` with every sign and line of ours as a letter that any terminal shows; names stay as they are."""
    return text.translate(_SIGNS)
