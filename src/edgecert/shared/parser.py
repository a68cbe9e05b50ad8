"""argparse, with errors that are ours and say what was probably meant."""

from __future__ import annotations

import argparse
import difflib
from typing import TYPE_CHECKING, Any, NoReturn

from edgecert.shared.errors import UsageError
from edgecert.shared.overriding import override

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def nearest(word: str, known: Iterable[str]) -> str:
    """Give ``; did you mean …?`` for the known word nearest to ``word``, or nothing."""
    found = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {found[0]}?" if found else ""


class Parser(argparse.ArgumentParser):
    """A parser that takes no abbreviations, leaves out what was not given, and raises :class:`UsageError`."""

    # Any: what argparse takes, and what its add_parser() hands on, which grows with each Python.
    def __init__(self, **keywords: Any) -> None:
        """Make a parser; ``keywords`` are argparse's."""
        super().__init__(
            **{"allow_abbrev": False, "formatter_class": argparse.RawDescriptionHelpFormatter, **keywords},
        )

    @override
    def error(self, message: str) -> NoReturn:
        """Raise the fault as ours; main prints it."""
        raise UsageError(message, hint=f"{self.prog} --help")

    # The generic overloads of argparse add nothing here: one namespace type is ever used.
    @override
    def parse_args(  # type: ignore[override]  # see above
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """Parse, options and words in any order, and name for each unknown argument the nearest known one."""
        nested = any(action.nargs in (argparse.PARSER, argparse.REMAINDER) for action in self._actions)
        parse = self.parse_known_args if nested else self.parse_known_intermixed_args
        known, extras = parse(args, namespace)
        if extras:
            words = [f"unknown argument {extra}{self._suggest(extra)}" for extra in extras if extra.startswith("-")]
            words = words or [f"unexpected argument {extra!r}" for extra in extras]
            self.error(", ".join(words))
        return known

    def _suggest(self, extra: str) -> str:
        return nearest(extra.partition("=")[0], self._option_string_actions)

    @override
    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            choices = [str(choice) for choice in action.choices]
            hint = nearest(str(value), choices)
            raise argparse.ArgumentError(action, f"{value!r} is not one of {', '.join(choices)}{hint}")
