"""Configuration files: read, checked as a whole, bound to the frozen dataclasses that declare them, and written.

A schema is a dataclass whose fields are made by :func:`edgecert.shared.option.option`. Binding never stops at the first
fault: it raises one :class:`~edgecert.shared.errors.ConfigError` with every problem as ``file:line: key: what``.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, cast

from edgecert.shared.binding import Binder, Bound, Layer, build
from edgecert.shared.errors import ConfigError, ConfigProblem, PermissionDeniedError, UsageError
from edgecert.shared.schema import KeyKind, OptionInfo, iter_options, json_schema, keys_of, plain
from edgecert.shared.secret import Secret
from edgecert.shared.tomltext import find_lines, to_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from edgecert.shared.binding import KeyProblem
    from edgecert.shared.jsonvalue import JsonObject, JsonValue

__all__ = [
    "Bound",
    "Document",
    "Layer",
    "OptionInfo",
    "bind",
    "bind_layers",
    "decode",
    "encode",
    "iter_options",
    "json_schema",
    "load_document",
    "read_secret_file",
    "to_toml",
]

_MAX_SECRET: Final = 65536
_TOML_PLACE: Final = re.compile(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column \d+|end of document)\)")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Document:
    """A file as read: its path, its keys, and the line of each."""

    path: Path
    data: JsonObject
    lines: Mapping[str, int] = field(default_factory=dict)
    raw: bytes = b""


def load_document(path: Path) -> Document:
    """Give the TOML file ``path``.

    Raises:
        ConfigError: the file cannot be read, is not UTF-8 or not TOML; with the line where it breaks.
    """
    try:
        raw = path.read_bytes()
        text = raw.decode()
        return Document(path, tomllib.loads(text), find_lines(text.replace("\r\n", "\n")), raw)
    except OSError as error:
        raise ConfigError([ConfigProblem(str(path), 0, "", f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError([ConfigProblem(str(path), line, "", "is not UTF-8 text")]) from error
    except tomllib.TOMLDecodeError as error:
        # The place is in the text alone before Python 3.14.
        match = _TOML_PLACE.fullmatch(str(error))
        what, line = (match["what"], int(match["line"] or 0)) if match else (str(error), 0)
        raise ConfigError([ConfigProblem(str(path), line, "", f"not valid TOML: {what}")]) from error


def document_layer(document: Document) -> Layer:
    """Give a document as a layer whose relative paths count from its directory."""
    return Layer(document.data, str(document.path), document.lines, document.path.absolute().parent)


def bind(
    cls: type[T],
    document: Document,
    *,
    overrides: Mapping[str, JsonValue] | None = None,
    source: str = "command line",
    rules: Callable[[T], Iterable[KeyProblem]] | None = None,
) -> T:
    """Give ``document`` as a ``cls``, with ``overrides`` (by dotted path) on top, which come from ``source``.

    ``rules`` are the checks across keys. Relative paths are made absolute against the file's directory.

    Raises:
        ConfigError: with all problems of both at once.
    """
    file = document_layer(document)
    layers = [file, Layer(nested(overrides or {}), source, base=Path.cwd())]
    return bind_layers(cls, layers, blame=file, rules=rules).value


def bind_layers(
    cls: type[T],
    layers: Sequence[Layer],
    *,
    blame: Layer,
    rules: Callable[[T], Iterable[KeyProblem]] | None = None,
) -> Bound[T]:
    """Lay ``layers`` over each other, the last one on top, and give the value and which layer each key came from.

    What is missing from all of them is reported as missing from ``blame``.

    A list or a list of tables is taken whole from the topmost layer that has it.

    Raises:
        ConfigError: with all problems of all layers at once.
    """
    binder = Binder(cls, layers, blame)
    value = cast("T", build(cls, binder.flat))
    if rules is not None:
        binder.add_rule_problems(rules(value))
    if binder.problems:
        files = [problem.file for problem in binder.problems]
        raise ConfigError(sorted(binder.problems, key=lambda problem: (files.index(problem.file), problem.line)))
    return Bound(value, binder.origins)


def nested(flat: Mapping[str, JsonValue]) -> JsonObject:
    """Give keys by dotted path as tables in tables."""
    document: dict[str, JsonValue] = {}
    for path, value in flat.items():
        *tables, name = path.split(".")
        table = document
        for part in tables:
            table = cast("dict[str, JsonValue]", table.setdefault(part, {}))
        table[name] = value
    return document


def encode(value: object, *, defaults: bool = True) -> JsonObject:
    """Give a schema dataclass in the shape of its file; with ``defaults=False`` only what differs from the defaults."""
    document: dict[str, JsonValue] = {}
    for key in keys_of(type(value)):
        held = getattr(value, key.name)
        if key.kind is KeyKind.TABLE:
            table = encode(held, defaults=defaults)
            if defaults or table:
                document[key.name] = table
        elif key.kind is KeyKind.TABLES:
            if defaults or held:
                document[key.name] = [encode(item, defaults=defaults) for item in held]
        elif defaults or held != key.default:
            document[key.name] = plain(held)
    return document


def decode(cls: type[T], data: JsonObject, *, where: str = "saved settings") -> T:
    """Give what :func:`encode` wrote back as a ``cls``; paths stay as they are.

    Raises:
        ConfigError: ``data`` does not fit the schema; ``where`` names it.
    """
    layer = Layer(data, where)
    return bind_layers(cls, [layer], blame=layer).value


def read_secret_file(path: Path) -> Secret:
    """Give the secret that a file holds, one line end at its end taken away.

    Raises:
        PermissionDeniedError: group or others can read the file, or we cannot.
        UsageError: it is not there, no regular file, empty, or larger than a secret is.
    """
    try:
        # Without waiting: a pipe in the file's place must not keep us.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123  # a descriptor
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UsageError(f"{path} is not a regular file", code="secret-file")
            if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise PermissionDeniedError(
                    f"{path} holds a secret and has mode {stat.S_IMODE(status.st_mode):04o}: others can reach it",
                    code="secret-file-readable",
                    hint=f"chmod 600 {path}",
                )
            content = file.read(_MAX_SECRET + 1)
    except PermissionError as error:
        raise PermissionDeniedError(f"{path}: {error.strerror}", code="secret-file-unreadable") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", code="secret-file") from error
    secret = content.removesuffix(b"\n").removesuffix(b"\r")
    if not secret or len(content) > _MAX_SECRET:
        raise UsageError(f"{path} is {'too large for a secret' if secret else 'empty'}", code="secret-file")
    return Secret(secret)
