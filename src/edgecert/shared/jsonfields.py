"""JSON documents on disk and on the control socket: written for people, read with types."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeGuard

from edgecert.shared.clock import parse_time

if TYPE_CHECKING:
    from datetime import datetime

    from edgecert.shared.jsonvalue import JsonObject, JsonValue


class JsonProblem(ValueError):  # noqa: N818  # whose fault it is, the caller knows
    """A document is no JSON, or a key of it is missing or of another type."""


def dump_json(document: JsonObject) -> bytes:
    """Give ``document`` as people like to read it: indented, in the order it has, a line feed at the end."""
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def read_json(data: bytes) -> JsonValue:
    """Give the JSON value that ``data``, which anybody may have written, is.

    Raises:
        JsonProblem: it is no JSON, or is nested so deeply that nobody meant it.
    """
    try:
        document: JsonValue = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise JsonProblem(f"this is no JSON: {error}") from error
    return document


def load_json(data: bytes) -> JsonObject:
    """Give the JSON object that ``data`` is.

    Raises:
        JsonProblem: it is no JSON, or no object.
    """
    document = read_json(data)
    if not is_object(document):
        raise JsonProblem("this is no JSON object")
    return document


def is_object(value: JsonValue) -> TypeGuard[JsonObject]:
    """Whether a JSON value is an object."""
    return isinstance(value, dict)


class JsonFields:
    """Takes typed values out of a JSON object.

    Each call raises :class:`JsonProblem` when the key is not what it must be.
    """

    __slots__ = ("_document",)

    def __init__(self, document: JsonObject) -> None:
        """Read from ``document``; keys that nobody asks for are left alone."""
        self._document = document

    def text(self, key: str, *, default: str | None = None) -> str:
        """Give a string."""
        value = self._document.get(key, default)
        if not isinstance(value, str):
            raise _problem(key)
        return value

    def number(self, key: str) -> int:
        """Give a whole number."""
        value = self._document.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise _problem(key)
        return value

    def number_or_none(self, key: str) -> int | None:
        """Give a whole number, or None where the key is null or not there."""
        return None if self._document.get(key) is None else self.number(key)

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """Give a boolean."""
        value = self._document.get(key, default)
        if not isinstance(value, bool):
            raise _problem(key)
        return value

    def texts(self, key: str, *, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Give a list of strings."""
        value = self._document.get(key, default)
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise _problem(key)
        return tuple(str(item) for item in value)

    def time(self, key: str) -> datetime:
        """Give an RFC 3339 time, in UTC."""
        try:
            return parse_time(self.text(key))
        except ValueError:
            raise _problem(key) from None

    def time_or_none(self, key: str) -> datetime | None:
        """Give an RFC 3339 time, or None where the key is null or not there."""
        return None if self._document.get(key) is None else self.time(key)

    def table(self, key: str, *, default: JsonObject | None = None) -> JsonObject:
        """Give an object."""
        value = self._document.get(key, default)
        if value is None or not is_object(value):
            raise _problem(key)
        return value

    def tables(self, key: str) -> tuple[JsonObject, ...]:
        """Give a list of objects."""
        value = self._document.get(key)
        if not isinstance(value, list):
            raise _problem(key)
        found = tuple(item for item in value if is_object(item))
        if len(found) != len(value):
            raise _problem(key)
        return found


def _problem(key: str) -> JsonProblem:
    return JsonProblem(f"{key!r} is missing or of another type")
