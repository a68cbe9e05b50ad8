"""The command line that asks for the same as a flags file."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final, cast

from edgecert.model.flagnames import flag_names
from edgecert.shared.schema import KeyKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgecert.shared.jsonvalue import JsonObject, JsonValue
    from edgecert.shared.schema import OptionInfo

_SAFE_IN_TABLE: Final = frozenset(",'\"\\ \t\n")


def command_arguments(document: JsonObject, *, csr: bool) -> list[str]:
    """Give verb and flags for ``document``, a flags file; csr asks for a request only."""
    words = ["request" if csr else "apply"]
    for item, short, _dotted in flag_names():
        value: JsonValue = document
        for part in item.path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            words += _flag(item, short, value)
    return words


def command_line(document: JsonObject, *, csr: bool) -> str:
    """Give the whole command as it is typed into a shell."""
    return shlex.join(["edgecert", *command_arguments(document, csr=csr)])


def _flag(item: OptionInfo, name: str, value: JsonValue) -> list[str]:
    match item.kind:
        case KeyKind.BOOLEAN:
            return [f"--{name}" if value else f"--no-{name}"]
        case KeyKind.LIST:
            return [word for entry in cast("Sequence[str]", value) for word in _valued(name, entry)]
        case KeyKind.TABLES:
            return [
                word for row in cast("Sequence[JsonObject]", value) for word in (f"--{name}", ",".join(_table(row)))
            ]
        case _:
            return _valued(name, str(value))


def _valued(name: str, value: str) -> list[str]:
    return [f"--{name}={value}"] if value.startswith("-") else [f"--{name}", value]


def _table(row: JsonObject) -> Iterator[str]:
    for name, value in row.items():
        entries = value if isinstance(value, list | tuple) else [value]
        for entry in entries:
            text = str(entry).lower() if isinstance(entry, bool) else str(entry)
            yield f"{name}={_quoted(text)}"


def _quoted(text: str) -> str:
    if not set(text) & _SAFE_IN_TABLE:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
