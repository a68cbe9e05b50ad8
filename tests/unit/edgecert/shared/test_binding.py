from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from edgecert.shared.binding import Binder, KeyFault, KeyProblem, Layer, build, convert
from edgecert.shared.option import option
from edgecert.shared.schema import keys_of


@dataclass(frozen=True, slots=True)
class Row:
    name: str = option("", help="name", required=True)
    on: bool = option(False, help="switch")


@dataclass(frozen=True, slots=True)
class Table:
    size: int = option(1, help="size", minimum=1, maximum=5)
    colour: str = option("red", help="colour", choices=("red", "green"))


@dataclass(frozen=True, slots=True)
class Schema:
    title: str = option("", help="title", pattern="[a-z]+", required=True)
    wait: str = option("1s", help="wait", duration=True)
    file: str = option("", help="file", path=True)
    words: tuple[str, ...] = option((), help="words")
    flags: dict[str, bool] = option(factory=dict, help="flags")
    table: Table = option(factory=Table, help="table")
    rows: tuple[Row, ...] = option((), help="rows")


def problems(*layers: Layer) -> list[str]:
    return [str(problem) for problem in Binder(Schema, layers, layers[0]).problems]


def test_later_layers_win_key_by_key_and_lists_as_a_whole() -> None:
    low = Layer({"title": "low", "words": ["a", "b"], "table": {"size": 2, "colour": "green"}}, "low")
    high = Layer({"title": "high", "words": ["c"], "table": {"size": 3}}, "high")
    binder = Binder(Schema, [low, high], low)
    assert build(Schema, binder.flat) == Schema("high", words=("c",), table=Table(3, "green"))
    assert {path: layer.source for path, layer in binder.origins.items()} == {
        "title": "high",
        "words": "high",
        "table.size": "high",
        "table.colour": "low",
    }


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"title": 5}, "f:7: title: must be text in quotes"),
        ({"title": "X"}, "f:7: title: 'X' is not allowed here; the pattern is [a-z]+"),
        ({"title": ""}, "f:7: title: must not be empty"),
        ({}, "f:7: title: is required"),
        ({"titel": "a", "title": "a"}, "f: titel: unknown key (did you mean title?)"),
        ({"size": 1, "title": "a"}, "f: size: unknown key (did you mean table.size?)"),
        ({"title": "a", "wait": "3 days"}, "f: wait: '3 days' is no duration: write a number and a unit"),
        ({"title": "a", "words": ["x", 1]}, "f: words: must be a list of texts"),
        ({"title": "a", "flags": {"x": 1}}, "f: flags: must be a table whose values are true or false"),
        ({"title": "a", "table": 1}, "f:8: table: must be a table"),
        ({"title": "a", "table": {"size": True}}, "f:9: table.size: must be a whole number"),
        ({"title": "a", "table": {"size": 6}}, "f:9: table.size: must be at most 5"),
        ({"title": "a", "table": {"size": 0}}, "f:9: table.size: must be at least 1"),
        (
            {"title": "a", "table": {"colour": "gren"}},
            "f:8: table.colour: 'gren' is not one of red, green; did you mean green?",
        ),
        ({"title": "a", "rows": {}}, "f: rows: must be a list of tables"),
        ({"title": "a", "rows": [1]}, "f: rows[0]: must be a table"),
        ({"title": "a", "rows": [{"name": "n", "on": "yes"}]}, "f: rows[0].on: must be true or false"),
        ({"title": "a", "rows": [{"on": True}]}, "f: rows[0].name: is required"),
        ({"title": "a\x00"}, "f:7: title: must not contain a NUL character"),
    ],
    ids=str,
)
def test_says_what_is_wrong_and_where(data: dict[str, object], expected: str) -> None:
    layer = Layer(data, "f", {"title": 7, "table": 8, "table.size": 9})  # type: ignore[arg-type]  # wrong on purpose
    found = problems(layer)
    assert len(found) == 1
    assert found[0].startswith(expected)


def test_all_problems_of_all_layers_are_found_at_once() -> None:
    found = problems(Layer({"a": 1, "table": {"size": "x"}}, "one"), Layer({"wait": 3, "b": 1}, "two"))
    assert len(found) == 5  # two unknown keys, two wrong types, one missing title


def test_rules_say_nothing_about_keys_that_are_wrong_already_and_find_the_place_of_the_others() -> None:
    low = Layer({"title": "a", "wait": "x"}, "low")
    high = Layer({"table": {"size": 2}}, "high", {"table": 3, "table.size": 4})
    binder = Binder(Schema, [low, high], low)
    binder.problems.clear()
    binder.add_rule_problems(
        [KeyProblem("wait", "no"), KeyProblem("table.size", "yes"), KeyProblem("words", "default")]
    )
    assert [str(problem) for problem in binder.problems] == ["high:4: table.size: yes", "low: words: default"]


def test_relative_paths_count_from_the_layers_directory() -> None:
    key = next(key for key in keys_of(Schema) if key.name == "file")
    assert convert(key, "x/y", Path("/base")) == "/base/x/y"
    assert convert(key, "/x", Path("/base")) == "/x"
    assert convert(key, "", Path("/base")) == ""
    assert convert(key, "x", None) == "x"
    with pytest.raises(KeyFault):
        convert(key, 1, None)
