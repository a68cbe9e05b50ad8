from __future__ import annotations

from dataclasses import dataclass, fields

from edgecert.shared.option import METADATA_KEY, OptionSpec, option


@dataclass(frozen=True, slots=True)
class Inner:
    size: int = option(1, help="its size", minimum=1)


@dataclass(frozen=True, slots=True)
class Outer:
    name: str = option("x", help="its name", pattern="[a-z]", required=True)
    inner: Inner = option(factory=Inner, help="a table")


def test_what_is_said_of_a_key_stands_in_its_field() -> None:
    name, inner = fields(Outer)
    assert name.metadata[METADATA_KEY] == OptionSpec("its name", pattern="[a-z]", required=True)
    assert inner.metadata[METADATA_KEY].help == "a table"


def test_defaults_are_the_fields_own_and_a_factory_makes_a_table() -> None:
    assert Outer() == Outer("x", Inner(1))
