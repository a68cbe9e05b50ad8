"""Completion for the fish shell, which shtab does not write."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def fish_script(program: str, verbs: Mapping[str, tuple[str, argparse.ArgumentParser]]) -> str:
    """Give the completion script of ``program`` for its ``verbs`` (name to help and parser)."""
    lines = [f"# fish completion for {program}", f"complete -c {program} -f"]
    names = " ".join(verbs)
    for name, (text, parser) in verbs.items():
        lines.append(
            f"complete -c {program} -n {_quote(f'not __fish_seen_subcommand_from {names}')} -a {name} -d {_quote(text)}"
        )
        condition = _quote(f"__fish_seen_subcommand_from {name}")
        lines += [f"complete -c {program} -n {condition} {words}" for words in _arguments(parser)]
    return "\n".join(lines) + "\n"


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    # argparse has no public list of its actions; shtab reads the same attribute.
    for action in parser._actions:  # noqa: SLF001  # see above
        if action.help is argparse.SUPPRESS:
            continue
        values = [str(choice) for choice in action.choices or ()]
        if action.option_strings:
            yield " ".join((*_names(action), *_value(action, values), "-d", _quote(_text(action))))
        elif values:
            yield f"-a {_quote(' '.join(values))}"
        elif action.type is not None or action.metavar == "FILE":
            yield "-F"


def _names(action: argparse.Action) -> Iterator[str]:
    for option in action.option_strings:
        yield f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"


def _value(action: argparse.Action, values: list[str]) -> Iterator[str]:
    if action.nargs == 0 or isinstance(action, argparse.BooleanOptionalAction):
        return
    if values:
        yield f"-x -a {_quote(' '.join(values))}"
    elif action.metavar in ("FILE", "DIR"):
        yield "-r -F"
    else:
        yield "-x"


def _text(action: argparse.Action) -> str:
    return (action.help or "").replace("%%", "%")


def _quote(text: str) -> str:
    r"""Quote for fish: within single quotes only ``\`` and ``'`` are special."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
