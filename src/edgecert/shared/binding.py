"""Laying configuration layers over each other and turning them into dataclasses, every problem found on the way."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from edgecert.shared.duration import parse_duration
from edgecert.shared.errors import ConfigProblem
from edgecert.shared.schema import Key, KeyKind, iter_options, keys_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from edgecert.shared.jsonvalue import JsonObject

T = TypeVar("T")

_EXPECTED: Final = {
    KeyKind.TEXT: "must be text in quotes",
    KeyKind.INTEGER: "must be a whole number",
    KeyKind.BOOLEAN: "must be true or false",
    KeyKind.LIST: "must be a list of texts",
    KeyKind.MAP: "must be a table whose values are true or false",
    KeyKind.TABLE: "must be a table",
    KeyKind.TABLES: "must be a list of tables",
}


@dataclass(frozen=True, slots=True)
class KeyProblem:
    """What is wrong with a key in the light of others; where it stands is found by its dotted path."""

    key: str
    message: str


@dataclass(frozen=True, slots=True)
class Layer:
    """One source of keys: a file, the environment, the command line.

    ``base`` is the directory that relative paths count from; without it they stay as they are.
    """

    data: JsonObject
    source: str
    lines: Mapping[str, int] = field(default_factory=dict)
    base: Path | None = None

    def line(self, path: str) -> int:
        """Give the line of a key, or of the nearest table around it, or 0."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return 0


@dataclass(frozen=True, slots=True)
class Bound(Generic[T]):
    """A value and, by dotted path, the layer that each key came from (absent: the default)."""

    value: T
    origins: Mapping[str, Layer]


class KeyFault(ValueError):  # noqa: N818  # a fault of the file, not an error of ours: it becomes a ConfigProblem
    """One value is not what its key holds."""


def build(cls: type[object], flat: Mapping[str, object], prefix: str = "") -> object:
    """Give ``cls`` with the values of ``flat`` (by dotted path) and defaults for the rest."""
    values: dict[str, object] = {}
    for key in keys_of(cls):
        path = f"{prefix}{key.name}"
        if key.kind is KeyKind.TABLE:
            values[key.name] = build(key.table_class, flat, f"{path}.")
        elif path in flat:
            values[key.name] = flat[path]
    return cls(**values)


class Binder:
    """Checks all layers against a schema; :attr:`flat` has the values that are right, :attr:`problems` the rest."""

    def __init__(self, cls: type[object], layers: Sequence[Layer], blame: Layer) -> None:
        """Read ``layers``, the last one on top; ``blame`` is where missing keys are missing from."""
        self.flat: dict[str, object] = {}
        self.origins: dict[str, Layer] = {}
        self.problems: list[ConfigProblem] = []
        self._cls = cls
        self._blame = blame
        self._faulty: set[str] = set()
        for layer in layers:
            found = self._read_table(cls, layer.data, "", layer)
            self.flat.update(found)
            self.origins.update(dict.fromkeys(found, layer))
        self._require(cls, "", self.flat, self._blame)

    def add_rule_problems(self, problems: Iterable[KeyProblem]) -> None:
        """Add what rules across keys found, but nothing about a key that is wrong already."""
        for problem in problems:
            if problem.key not in self._faulty:
                layer = self._layer_of(problem.key)
                self._report(problem.key, problem.message, layer)

    def _layer_of(self, path: str) -> Layer:
        while path:
            if path in self.origins:
                return self.origins[path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self._blame

    def _report(self, path: str, message: str, layer: Layer, nearest: str = "") -> None:
        self._faulty.add(path)
        self.problems.append(ConfigProblem(layer.source, layer.line(path), path, message, nearest))

    def _read_table(self, cls: type[object], data: JsonObject, prefix: str, layer: Layer) -> dict[str, object]:
        """Give the converted values of one table by dotted path; problems are kept."""
        keys = {key.name: key for key in keys_of(cls)}
        found: dict[str, object] = {}
        for name, value in data.items():
            path = f"{prefix}{name}"
            key = keys.get(name)
            if key is None:
                self._report(path, "unknown key", layer, self._nearest(name, keys, prefix))
                continue
            try:
                if key.kind is KeyKind.TABLE:
                    found.update(self._read_table(key.table_class, _mapping(key, value), f"{path}.", layer))
                elif key.kind is KeyKind.TABLES:
                    found[path] = self._read_tables(key, value, path, layer)
                else:
                    found[path] = convert(key, value, layer.base)
            except KeyFault as fault:
                self._report(path, str(fault), layer)
        return found

    def _read_tables(self, key: Key, value: object, path: str, layer: Layer) -> tuple[object, ...]:
        if not isinstance(value, list | tuple):
            raise KeyFault(_EXPECTED[KeyKind.TABLES])
        tables = []
        for index, item in enumerate(value):
            place = f"{path}[{index}]"
            if not isinstance(item, Mapping):
                self._report(place, _EXPECTED[KeyKind.TABLE], layer)
                continue
            flat = self._read_table(key.table_class, item, f"{place}.", layer)
            self._require(key.table_class, f"{place}.", flat, layer)
            tables.append(build(key.table_class, flat, f"{place}."))
        return tuple(tables)

    def _require(self, cls: type[object], prefix: str, flat: Mapping[str, object], layer: Layer) -> None:
        for key in keys_of(cls):
            path = f"{prefix}{key.name}"
            if key.kind is KeyKind.TABLE:
                self._require(key.table_class, f"{path}.", flat, layer)
            elif key.spec.required and flat.get(path, "") in ("", ()) and path not in self._faulty:
                message = "must not be empty" if path in flat else "is required"
                self._report(path, message, self.origins.get(path, layer))

    def _nearest(self, name: str, keys: Iterable[str], prefix: str) -> str:
        near = difflib.get_close_matches(name, list(keys), n=1)
        if near:
            return near[0]
        # A key in the wrong table: say where it belongs.
        places = [option.path for option in iter_options(self._cls) if option.path.rsplit(".", 1)[-1] == name]
        return places[0].replace("[]", "") if places and not prefix.startswith(places[0]) else ""


def _mapping(key: Key, value: object) -> JsonObject:
    if not isinstance(value, Mapping):
        raise KeyFault(_EXPECTED[key.kind])
    return value


def convert(key: Key, value: object, base: Path | None) -> object:
    """Give ``value`` as ``key`` holds it.

    Raises:
        KeyFault: it is of the wrong type or outside the limits; the text says what is wanted.
    """
    match key.kind:
        case KeyKind.BOOLEAN if isinstance(value, bool):
            return value
        case KeyKind.INTEGER if isinstance(value, int) and not isinstance(value, bool):
            return _integer(key, value)
        case KeyKind.TEXT if isinstance(value, str):
            return _text(key, value, base)
        case KeyKind.LIST if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(_text(key, item, base) for item in value)
        case KeyKind.MAP if isinstance(value, Mapping) and all(isinstance(item, bool) for item in value.values()):
            return dict(value)
        case _:
            raise KeyFault(_EXPECTED[key.kind])


def _integer(key: Key, value: int) -> int:
    _check_choice(key, value)
    spec = key.spec
    if spec.minimum is not None and value < spec.minimum:
        raise KeyFault(f"must be at least {spec.minimum}")
    if spec.maximum is not None and value > spec.maximum:
        raise KeyFault(f"must be at most {spec.maximum}")
    return value


def _text(key: Key, value: str, base: Path | None) -> str:
    spec = key.spec
    _check_choice(key, value)
    if not value:
        return value
    if "\x00" in value:
        raise KeyFault("must not contain a NUL character")
    if spec.pattern and not re.fullmatch(spec.pattern, value):
        raise KeyFault(f"{value!r} is not allowed here; the pattern is {spec.pattern}")
    if spec.duration:
        try:
            parse_duration(value)
        except ValueError as error:
            raise KeyFault(str(error)) from error
    if spec.path and base is not None:
        return str(base / value)
    return value


def _check_choice(key: Key, value: str | int) -> None:
    if not key.choices or value in key.choices:
        return
    allowed = ", ".join(str(choice) for choice in key.choices)
    near = difflib.get_close_matches(str(value), [str(choice) for choice in key.choices], n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise KeyFault(f"{value!r} is not one of {allowed}{hint}")
