"""What the schema dataclasses say: keys, types, defaults and help, read once from the fields made by ``option()``."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal

from edgecert.shared.option import METADATA_KEY, OptionSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgecert.shared.jsonvalue import JsonObject, JsonValue


class KeyKind(Enum):
    """What a key holds."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "true or false"
    LIST = "list of texts"
    MAP = "table of true or false"
    TABLE = "table"
    TABLES = "list of tables"


@dataclass(frozen=True, slots=True)
class Key:
    """One key as declared: its name, what it holds, its limits, and the dataclass of its table(s) if it holds any."""

    name: str
    kind: KeyKind
    spec: OptionSpec
    default: object
    table: type[object] | None = None

    @property
    def choices(self) -> tuple[str | int, ...]:
        """The values allowed; empty when not limited to some."""
        return self.spec.choices

    @property
    def table_class(self) -> type[object]:
        """The dataclass of a key that holds a table or tables.

        Raises:
            TypeError: it holds neither.
        """
        if self.table is None:
            message = f"{self.name} holds no table"
            raise TypeError(message)
        return self.table


@dataclass(frozen=True, slots=True)
class OptionInfo:
    """One key for a reference page or a flag; its path is dotted, ``deploy[].name`` inside a list of tables."""

    path: str
    type_name: str
    default: JsonValue
    help: str
    choices: tuple[str | int, ...]
    kind: KeyKind
    required: bool = False
    metavar: str = ""


_SIMPLE: Final[dict[object, KeyKind]] = {str: KeyKind.TEXT, int: KeyKind.INTEGER, bool: KeyKind.BOOLEAN}


_KNOWN: Final[dict[type[object], tuple[Key, ...]]] = {}


def keys_of(cls: type[object]) -> tuple[Key, ...]:
    """Give the keys that the dataclass ``cls`` declares, in their order.

    Raises:
        TypeError: a field was not made by ``option()`` or has a type no key can hold; a fault of the program.
    """
    if cls not in _KNOWN:
        _KNOWN[cls] = _read_keys(cls)
    return _KNOWN[cls]


def _read_keys(cls: type[object]) -> tuple[Key, ...]:
    hints = typing.get_type_hints(cls)
    # Any: dataclasses.fields() is typed for instances and types of a protocol that type[object] cannot show.
    described: Any = cls
    keys = []
    for field in dataclasses.fields(described):
        spec = field.metadata.get(METADATA_KEY)
        if not isinstance(spec, OptionSpec):
            message = f"{cls.__name__}.{field.name} was not made by option()"
            raise TypeError(message)
        kind, table, literals = _classify(hints[field.name])
        if literals and not spec.choices:
            spec = dataclasses.replace(spec, choices=literals)
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        keys.append(Key(field.name, kind, spec, default, table))
    return tuple(keys)


# Any: a type hint is whatever typing.get_type_hints() found.
def _classify(hint: Any) -> tuple[KeyKind, type[object] | None, tuple[str | int, ...]]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in _SIMPLE:
        return _SIMPLE[hint], None, ()
    if origin is Literal:
        kind = KeyKind.INTEGER if isinstance(arguments[0], int) else KeyKind.TEXT
        return kind, None, arguments
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return KeyKind.TABLE, hint, ()
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:  # tuple[X, ...]
        if arguments[0] is str:
            return KeyKind.LIST, None, ()
        if dataclasses.is_dataclass(arguments[0]) and isinstance(arguments[0], type):
            return KeyKind.TABLES, arguments[0], ()
    if origin in (dict, Mapping) and arguments == (str, bool):
        return KeyKind.MAP, None, ()
    message = f"no key can hold {hint!r}"
    raise TypeError(message)


def plain(value: object) -> JsonValue:
    """Give a key's value as JSON has it: tuples become lists, tables objects."""
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {key.name: plain(getattr(value, key.name)) for key in keys_of(type(value))}
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, str | int | float) or value is None:
        return value
    message = f"{value!r} is nothing that a file can hold"
    raise TypeError(message)


def type_name(key: Key) -> str:
    """Give the type of a key in the words of the reference page."""
    if key.spec.duration:
        return "duration"
    if key.spec.path:
        return "path"
    return key.kind.value


def iter_options(cls: type[object], prefix: str = "") -> Iterator[OptionInfo]:
    """Give each key of ``cls`` and of its tables, in order; a list of tables gives itself and then its keys."""
    for key in keys_of(cls):
        path = f"{prefix}{key.name}"
        if key.kind is KeyKind.TABLE:
            yield from iter_options(key.table_class, f"{path}.")
            continue
        spec = key.spec
        default = plain(key.default)
        yield OptionInfo(path, type_name(key), default, spec.help, key.choices, key.kind, spec.required, spec.metavar)
        if key.kind is KeyKind.TABLES:
            yield from iter_options(key.table_class, f"{path}[].")


def json_schema(cls: type[object]) -> JsonObject:
    """Give the JSON schema (draft 2020-12) of ``cls``, for editors and checkers."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_object_schema(cls)}


def _object_schema(cls: type[object]) -> dict[str, JsonValue]:
    keys = keys_of(cls)
    schema: dict[str, JsonValue] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {key.name: _key_schema(key) for key in keys},
    }
    required = [key.name for key in keys if key.spec.required or (key.kind is KeyKind.TABLE and _asks(key.table_class))]
    if required:
        schema["required"] = required
    return schema


def _asks(cls: type[object]) -> bool:
    """Whether a table has a key that a file must give."""
    return any(key.spec.required or (key.kind is KeyKind.TABLE and _asks(key.table_class)) for key in keys_of(cls))


def _key_schema(key: Key) -> dict[str, JsonValue]:
    described: dict[str, JsonValue] = {"description": key.spec.help}
    if key.kind is KeyKind.TABLE:
        return {**described, **_object_schema(key.table_class)}
    if key.kind is KeyKind.TABLES:
        return {**described, "type": "array", "items": _object_schema(key.table_class)}
    described["default"] = plain(key.default)
    if key.choices:
        described["enum"] = list(key.choices)
    match key.kind:
        case KeyKind.INTEGER:
            limits = {"minimum": key.spec.minimum, "maximum": key.spec.maximum}
            return {
                **described,
                "type": "integer",
                **{name: limit for name, limit in limits.items() if limit is not None},
            }
        case KeyKind.BOOLEAN:
            return {**described, "type": "boolean"}
        case KeyKind.LIST:
            return {**described, "type": "array", "items": {"type": "string"}}
        case KeyKind.MAP:
            return {**described, "type": "object", "additionalProperties": {"type": "boolean"}}
        case KeyKind.TEXT:
            # An empty text stands for "not given", so a pattern holds for the others only.
            return {
                **described,
                "type": "string",
                **({"pattern": f"^(?:|{key.spec.pattern})$"} if key.spec.pattern else {}),
            }
