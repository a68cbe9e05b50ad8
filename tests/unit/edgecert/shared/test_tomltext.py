from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.tomltext import find_lines, to_toml, to_toml_value

if TYPE_CHECKING:
    from edgecert.shared.jsonvalue import JsonObject

DOCUMENT = '''# a comment with [brackets] and = signs
version = 1
text = """
fake = 1
[fake]
"""
[certificate]  # after a header
name = "a # b"   # after a value
"quoted key" = 'x = y'
dotted.inner = 2
list = [
  "one",  # [not a table]
  { kind = "x", deep = { a = 1 } },
]
[[deploy]]
name = "first"
[deploy.sub]
a = 1
[[deploy]]
name = "second"
inline = { b = 2026-01-01T00:00:00Z, c = [1, 2] }
[[deploy.rule]]
x = 1
[[deploy.rule]]
x = 2
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("version", 2),
        ("text", 3),
        ("certificate", 7),
        ("certificate.name", 8),
        ("certificate.quoted key", 9),
        ("certificate.dotted.inner", 10),
        ("certificate.list", 11),
        ("certificate.list[1].kind", 13),
        ("certificate.list[1].deep.a", 13),
        ("deploy[0]", 15),
        ("deploy[0].name", 16),
        ("deploy[0].sub.a", 18),
        ("deploy[1].name", 20),
        ("deploy[1].inline.c", 21),
        ("deploy[1].rule[0].x", 23),
        ("deploy[1].rule[1].x", 25),
    ],
)
def test_finds_the_line_of_each_key(path: str, line: int) -> None:
    tomllib.loads(DOCUMENT)
    assert find_lines(DOCUMENT)[path] == line


def test_finds_no_keys_inside_texts_and_comments() -> None:
    assert not [path for path in find_lines(DOCUMENT) if path.startswith(("fake", "brackets"))]


def test_written_documents_read_back() -> None:
    document: JsonObject = {
        "version": 1,
        "name": 'quote " back \\ tab \t del \x7f ü',
        "table": {"b": True, "empty": [], "list": ["a", "b"], "odd key": {"x": 1}},
        "tables": [{"a": 1, "sub": [{"z": "y"}]}, {"a": 2}],
    }
    assert tomllib.loads(to_toml(document)) == document


def test_plain_keys_stand_before_tables_so_that_they_stay_outside() -> None:
    assert to_toml({"t": {"a": 1}, "k": 2}) == "k = 2\n\n[t]\na = 1\n"


def test_null_is_left_out_and_has_no_written_form() -> None:
    assert to_toml({"a": None}) == ""
    with pytest.raises(TypeError):
        to_toml_value(None)
