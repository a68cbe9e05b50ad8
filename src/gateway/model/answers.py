"""Reading the answers of the control API for people: typed, and forgiving towards other releases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from edgecert.shared.jsonvalue import JsonObject, JsonValue

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


def objects(value: JsonValue) -> list[JsonObject]:
    """Give the objects of a list; nothing for anything else."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def texts(value: JsonValue) -> list[str]:
    """Give the texts of a list; nothing for anything else."""
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def show(value: JsonValue) -> str:
    """Give a value as a cell of a table."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(show(entry) for entry in value) or "–"
    return str(value)


def ago(seconds: JsonValue) -> str:
    """Give a time span in its two largest units: ``3 d 4 h``, ``5 min 2 s``."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return "–"
    left, parts = int(seconds), list[str]()
    for unit, length in (("d", _DAY), ("h", _HOUR), ("min", _MINUTE), ("s", 1)):
        count, left = divmod(left, length)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def changes_between(before: JsonObject, after: JsonObject) -> list[str]:
    """Give each key of ``after`` that differs, as ``key: old → new``; the order of a list is no difference."""
    keys = [key for key in after if _unordered(before.get(key)) != _unordered(after[key])]
    return [f"{key}: {show(before.get(key))} → {show(after[key])}" for key in keys]


def _unordered(value: JsonValue) -> JsonValue:
    return sorted(texts(list(value))) if isinstance(value, list | tuple) else value
