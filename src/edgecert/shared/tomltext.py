"""TOML as text: at which line each key stands, and values written as TOML."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgecert.shared.jsonvalue import JsonObject, JsonValue

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_STRING: Final = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\])*"|\'[^\']*\'', re.DOTALL)
_SCALAR: Final = re.compile(r"[^,\]}\n#]+")


def find_lines(text: str) -> Mapping[str, int]:
    """Give the line (from 1) of each key and table of the TOML document ``text``, by dotted path.

    Tables of a list are ``deploy[0]``, ``deploy[1]``; keys of inline tables are found too. ``text`` must be valid TOML:
    what it means is the parser's business, this only says where.
    """
    scanner = _Scanner(text)
    scanner.scan()
    return scanner.lines


class _Scanner:
    """Walks a valid document once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._counts: dict[str, int] = {}
        self.lines: dict[str, int] = {}

    def scan(self) -> None:
        table = ""
        while self._skip(_BLANK) and self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self._text, self._at)
        if match is None:
            return False
        self._at = match.end()
        return True

    def _note(self, path: str, at: int) -> None:
        self.lines.setdefault(path, bisect_right(self._starts, at))

    def _header(self) -> str:
        start = self._at
        doubled = self._text.startswith("[[", self._at)
        self._at += 2 if doubled else 1
        parts = self._key()
        self._at += 2 if doubled else 1
        path = ""
        for part in parts[:-1]:
            path = self._indexed(_join(path, part))
        path = _join(path, parts[-1])
        if doubled:
            self._counts[path] = self._counts.get(path, 0) + 1
            path = self._indexed(path)
        self._note(path, start)
        return path

    def _indexed(self, path: str) -> str:
        count = self._counts.get(path, 0)
        return f"{path}[{count - 1}]" if count else path

    def _key(self) -> list[str]:
        """Read a dotted key and stop at what follows it."""
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            match = _STRING.match(self._text, self._at) or _BARE_KEY.match(self._text, self._at)
            if match is None:
                return parts or [""]
            parts.append(_unquote(match.group()))
            self._at = match.end()
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return parts
            self._at += 1

    def _pair(self, table: str) -> None:
        start = self._at
        path = table
        for part in self._key():
            path = _join(path, part)
            self._note(path, start)
        self._at += 1  # the equals sign
        self._value(path)

    def _value(self, path: str) -> None:
        self._skip(_SPACE)
        if self._text.startswith("[", self._at):
            self._array(path)
        elif self._text.startswith("{", self._at):
            self._inline_table(path)
        elif not self._skip(_STRING) and not self._skip(_SCALAR):
            self._at += 1

    def _array(self, path: str) -> None:
        self._at += 1
        index = 0
        while self._skip(_BLANK) and self._at < len(self._text):
            if self._text[self._at] == "]":
                self._at += 1
                return
            if self._text[self._at] == ",":
                self._at += 1
                continue
            item = f"{path}[{index}]"
            self._note(item, self._at)
            self._value(item)
            index += 1

    def _inline_table(self, path: str) -> None:
        self._at += 1
        while self._skip(_BLANK) and self._at < len(self._text):
            if self._text[self._at] == "}":
                self._at += 1
                return
            if self._text[self._at] == ",":
                self._at += 1
                continue
            self._pair(path)


def _join(path: str, part: str) -> str:
    return f"{path}.{part}" if path else part


def _unquote(text: str) -> str:
    if text.startswith('"'):
        try:
            return cast("str", json.loads(text))
        except ValueError:  # an escape that TOML has and JSON has not
            return text[1:-1]
    return text[1:-1] if text.startswith("'") else text


def to_toml(document: JsonObject) -> str:
    """Give ``document`` as TOML: plain keys first, then tables, then lists of tables. Keys with null are left out."""
    lines: list[str] = []
    _write_table(document, "", lines)
    return "\n".join(lines).lstrip("\n") + ("\n" if lines else "")


def _write_table(table: JsonObject, prefix: str, lines: list[str]) -> None:
    for name, value in table.items():
        if not _is_table(value) and not _is_tables(value) and value is not None:
            lines.append(f"{_toml_key(name)} = {to_toml_value(value)}")
    for name, value in table.items():
        path = _join(prefix, _toml_key(name))
        if _is_table(value):
            lines.extend(("", f"[{path}]"))
            _write_table(cast("JsonObject", value), path, lines)
        elif _is_tables(value):
            for item in cast("Sequence[JsonObject]", value):
                lines.extend(("", f"[[{path}]]"))
                _write_table(item, path, lines)


def _is_table(value: JsonValue) -> bool:
    return isinstance(value, dict)


def _is_tables(value: JsonValue) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(item, dict) for item in value)


def _toml_key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else to_toml_value(name)


def to_toml_value(value: JsonValue) -> str:
    """Give one value as TOML writes it, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON's escapes are TOML's; DEL is the one control character that JSON leaves bare and TOML does not allow.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, list | tuple):
        return "[" + ", ".join(to_toml_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_toml_key(name)} = {to_toml_value(item)}" for name, item in value.items()) + " }"
    if isinstance(value, int | float):
        return repr(value)
    message = f"{value!r} has no TOML form"
    raise TypeError(message)
