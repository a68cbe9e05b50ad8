"""What the keys of the flags file are called, and how values are written, as flags and in the environment."""

from __future__ import annotations

import shlex
import tomllib
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Final

from edgecert.model.request import CertificateRequest
from edgecert.shared.schema import KeyKind, OptionInfo, iter_options, keys_of

if TYPE_CHECKING:
    from edgecert.shared.jsonvalue import JsonObject, JsonValue

_NO_FLAG: Final = frozenset({"version"})
"""The version is the file's own, and ``--version`` the program's."""

_BOOLEANS: Final = {
    "true": True,
    "yes": True,
    "1": True,
    "on": True,
    "false": False,
    "no": False,
    "0": False,
    "off": False,
}


@cache
def flag_names() -> tuple[tuple[OptionInfo, str, str], ...]:
    """Give each key that is a flag, its short name and its dotted one.

    The short name is the last word where that is unique, else the dotted one.

    Keys inside a list of tables are no flags of their own: the list is (``--deploy kind=gateway,name=…``).
    """
    options = [item for item in iter_options(CertificateRequest) if "[]" not in item.path and item.path not in _NO_FLAG]
    counts = Counter(_last(item.path) for item in options)
    return tuple(
        (item, _last(item.path) if counts[_last(item.path)] == 1 else dotted_flag(item.path), dotted_flag(item.path))
        for item in options
    )


def _last(path: str) -> str:
    return path.rsplit(".", 1)[-1].replace("_", "-")


def dotted_flag(path: str) -> str:
    """Give the long flag name of a key: ``certificate.bit_length`` is ``certificate-bit-length``."""
    return path.replace(".", "-").replace("_", "-")


def environment_name(path: str) -> str:
    """Give the variable that sets a key: ``certificate.name`` is ``EDGECERT_CERTIFICATE_NAME``."""
    return "EDGECERT_" + path.replace(".", "_").upper()


def parse_environment(kind: KeyKind, text: str) -> JsonValue:
    """Give the value that a variable's text stands for.

    Lists are words between blanks or commas (quotes keep together what belongs together), or a TOML list; lists of
    tables are TOML. What cannot be read stays text, and is then reported as being of the wrong type.
    """
    match kind:
        case KeyKind.LIST if not text.lstrip().startswith("["):
            try:
                return _words(text, " \t\n,")
            except ValueError:  # an open quote
                return text
        case KeyKind.LIST | KeyKind.TABLES | KeyKind.MAP:
            return _parse_toml(text)
        case _:
            return _parse_scalar(kind, text)


def _parse_toml(text: str) -> JsonValue:
    try:
        document: dict[str, JsonValue] = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return document["value"]


def _parse_scalar(kind: KeyKind, text: str) -> JsonValue:
    if kind is KeyKind.BOOLEAN:
        return _BOOLEANS.get(text.lower(), text)
    if kind is KeyKind.INTEGER:
        try:
            return int(text)
        except ValueError:
            return text
    return text


def parse_table_flag(path: str, text: str) -> JsonObject:
    """Give the table that a flag's text stands for: ``kind=files,name=web,verify=a,verify=b``.

    A key may be repeated where it holds a list; a value with a comma stands in quotes.

    Raises:
        ValueError: a part is not ``key=value``.
    """
    table = _table_at(path)
    kinds = {key.name: key.kind for key in keys_of(table)}
    found: dict[str, JsonValue] = {}
    lists: dict[str, list[JsonValue]] = {}
    for part in _words(text, ","):
        name, equals, value = part.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            message = f"{part!r} is not KEY=VALUE"
            raise ValueError(message)
        if kinds.get(name) is KeyKind.LIST:
            lists.setdefault(name, []).append(value)
        else:
            found[name] = _parse_scalar(kinds.get(name, KeyKind.TEXT), value)
    return {**found, **lists}


def _table_at(path: str) -> type[object]:
    """Give the class whose keys an entry of the list at ``path`` has."""
    table: type[object] = CertificateRequest
    for part in path.split("."):
        table = next(key for key in keys_of(table) if key.name == part).table_class
    return table


def _words(text: str, separators: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = separators, True, ""
    return list(lexer)
