from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edgecert.shared.jsonfields import JsonFields, JsonProblem, dump_json, load_json, read_json

DOCUMENT = load_json(
    b'{"t": "x", "n": 1, "b": true, "l": ["a"], "o": {"k": 1}, "os": [{"k": 1}],'
    b' "at": "2026-11-22T16:00:00Z", "null": null}'
)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5000])
def test_what_is_no_json_is_no_more_than_that(data: bytes) -> None:
    with pytest.raises(JsonProblem):
        read_json(data)


def test_gives_typed_values() -> None:
    fields = JsonFields(DOCUMENT)
    assert fields.text("t") == "x"
    assert fields.number("n") == 1
    assert fields.flag("b") is True
    assert fields.texts("l") == ("a",)
    assert fields.table("o") == {"k": 1}
    assert fields.tables("os") == ({"k": 1},)
    assert fields.time("at") == datetime(2026, 11, 22, 16, tzinfo=UTC)


def test_fills_in_defaults_for_absent_keys_only() -> None:
    fields = JsonFields(DOCUMENT)
    assert fields.text("absent", default="") == ""
    assert fields.flag("absent", default=False) is False
    assert fields.texts("absent", default=()) == ()
    assert fields.number_or_none("null") is None
    assert fields.time_or_none("absent") is None
    with pytest.raises(JsonProblem, match="n"):
        fields.text("n", default="")


@pytest.mark.parametrize("take", ["text", "number", "flag", "texts", "time", "table", "tables"])
def test_names_the_key_of_another_type(take: str) -> None:
    with pytest.raises(JsonProblem, match="null"):
        getattr(JsonFields(DOCUMENT), take)("null")


def test_boolean_is_no_number() -> None:
    with pytest.raises(JsonProblem):
        JsonFields(DOCUMENT).number("b")


@pytest.mark.parametrize("data", [b"", b"[]", b"1", b"{", b"\xff"])
def test_refuses_what_is_no_object(data: bytes) -> None:
    with pytest.raises(JsonProblem):
        load_json(data)


def test_written_form_is_for_people() -> None:
    assert dump_json({"b": "ü", "a": 1}) == '{\n  "b": "ü",\n  "a": 1\n}\n'.encode()
