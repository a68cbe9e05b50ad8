from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pytest

from edgecert.shared.option import option
from edgecert.shared.schema import KeyKind, iter_options, json_schema, keys_of, plain


@dataclass(frozen=True, slots=True)
class Inner:
    name: str = option("", help="its name", pattern="[a-z]+", required=True)
    size: int = option(3, help="its size", minimum=1, maximum=9)


@dataclass(frozen=True, slots=True)
class Outer:
    mode: Literal["a", "b"] = option("a", help="the mode")
    wait: str = option("30s", help="how long", duration=True)
    words: tuple[str, ...] = option((), help="words")
    users: dict[str, bool] = option(factory=dict, help="who may")
    one: Inner = option(factory=Inner, help="one table")
    many: tuple[Inner, ...] = option((), help="many tables")


@dataclass(frozen=True, slots=True)
class Undeclared:
    name: str = field(default="")


@dataclass(frozen=True, slots=True)
class Untypable:
    when: complex = option(0j, help="no key can hold this")


def test_each_kind_of_field_is_known_by_its_type() -> None:
    kinds = {key.name: key.kind for key in keys_of(Outer)}
    assert kinds == {
        "mode": KeyKind.TEXT,
        "wait": KeyKind.TEXT,
        "words": KeyKind.LIST,
        "users": KeyKind.MAP,
        "one": KeyKind.TABLE,
        "many": KeyKind.TABLES,
    }


def test_choices_are_read_from_a_literal() -> None:
    assert keys_of(Outer)[0].choices == ("a", "b")


@pytest.mark.parametrize(("cls", "why"), [(Undeclared, "option"), (Untypable, "complex")])
def test_refuses_a_field_that_is_no_declared_key(cls: type[object], why: str) -> None:
    with pytest.raises(TypeError, match=why):
        keys_of(cls)


def test_options_are_listed_by_dotted_path_and_tables_of_a_list_with_brackets() -> None:
    found = {item.path: item for item in iter_options(Outer)}
    assert list(found) == [
        "mode",
        "wait",
        "words",
        "users",
        "one.name",
        "one.size",
        "many",
        "many[].name",
        "many[].size",
    ]
    assert found["wait"].type_name == "duration"
    assert found["one.name"].required
    assert found["one.size"].default == 3


def test_json_schema_says_what_a_file_may_hold() -> None:
    schema = json_schema(Outer)
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["one"]
    assert properties["mode"]["enum"] == ["a", "b"]
    assert properties["users"]["additionalProperties"] == {"type": "boolean"}
    assert properties["many"]["items"]["properties"]["size"] == {
        "description": "its size",
        "default": 3,
        "type": "integer",
        "minimum": 1,
        "maximum": 9,
    }
    assert properties["one"]["properties"]["name"]["pattern"] == "^(?:|[a-z]+)$"


def test_plain_gives_tables_and_lists_as_json_has_them() -> None:
    assert plain((Inner("x"),)) == [{"name": "x", "size": 3}]
    with pytest.raises(TypeError):
        plain(object())
