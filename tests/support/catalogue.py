"""All texts that go through gettext, as a template for translators (``make catalogue``), or as a catalogue for tests.

A text is one that a call of ``_`` or ``plural`` names, or one of the tables whose texts are translated where they are
shown: what keys are called (``_LABELS``) and are for, and what the partner table warns of.
"""

from __future__ import annotations

import ast
import re
import struct
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args, get_type_hints

from edgecert.model.request import CertificateRequest
from edgecert.shared.schema import keys_of
from edgecert.wizard.fields import spell_out
from gateway.policy.methods import METHOD_NAMES, ROWS, warn_partner
from gateway.policy.partner import Partner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SOURCES: Final = Path(__file__).parents[2] / "src"
FEDERATED_BY_DNS: Final = Partner(domain="a.example", type="federated", tls="optional", sasl="optional", dialback=True)
DATA: Final = frozenset(
    (
        *("edgecert", "edge", "external", "internal", "gateway", "files", "apply", "name", "rsa", "ecdsa", "esc"),
        *("contoso", "fabrikam", "example", "com", "sip", "xmpp", "domain", "domains"),
        *("federated", "public", "verified", "unverified", "required", "optional", "not", "supported"),
    )
)
"""Values, names, commands, keys: they are the same in every language."""
_VOWELS: Final = str.maketrans("aeiouAEIOU", "áéíóúÁÉÍÓÚ")
_FIELD: Final = re.compile(r"(\{[^}]*\})")
_WORD: Final = re.compile(r"[A-Za-z]{3,}")
_MAGIC: Final = 0x950412DE  # of a catalogue as msgfmt(1) writes it
_HEADER: Final = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"


def collect() -> dict[tuple[str, ...], set[str]]:
    """Give every text, with its plural if it has one, and where it is."""
    found: dict[tuple[str, ...], set[str]] = {}
    for path in sorted(SOURCES.rglob("*.py")):
        where = str(path.relative_to(SOURCES))
        for texts in _called(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(texts, set()).add(where)
    for where, text in _tabled():
        found.setdefault((text,), set()).add(where)
    counted = {texts[0] for texts in found if texts[1:]}
    return {texts: places for texts, places in found.items() if texts[1:] or texts[0] not in counted}


def _called(tree: ast.AST) -> Iterator[tuple[str, ...]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"_", "plural"}:
            wanted = node.args[: 1 if node.func.id == "_" else 2]
            texts = [each.value for each in wanted if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            if texts and len(texts) == len(wanted):
                yield tuple(texts)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "_LABELS":
            assert isinstance(node.value, ast.Dict)
            yield from ((str(value.value),) for value in node.value.values if isinstance(value, ast.Constant))


def _tabled() -> Iterator[tuple[str, str]]:
    for model in (CertificateRequest, Partner):
        for inner in _dataclasses(model):
            for key in keys_of(inner):
                yield "keys", spell_out(key.name)
                if key.spec.help:
                    yield "keys", key.spec.help
    yield from (("partner table", text) for text in METHOD_NAMES.values())
    for row in ROWS:
        yield from (("partner table", text) for text in (row.warning, row.note) if text)
    yield from (("partner table", warning.message) for warning in warn_partner(FEDERATED_BY_DNS))


def _dataclasses(model: Any) -> Iterator[Any]:  # any dataclass
    """Give ``model`` and every dataclass that a field of it holds, also in tuples."""
    yield model
    hints = get_type_hints(model)
    for field in fields(model):
        todo = [hints[field.name]]
        while todo:
            kind = todo.pop()
            if is_dataclass(kind):
                yield from _dataclasses(kind)
            todo += get_args(kind)


def template(found: Mapping[tuple[str, ...], set[str]]) -> str:
    """Give the template (POT) of what was collected."""
    blocks = [f'msgid ""\nmsgstr ""\n{_quoted(_HEADER)}']
    for texts, places in sorted(found.items()):
        lines = [f"#: {place}" for place in sorted(places)]
        lines += [f"msgid {_quoted(texts[0])}"]
        lines += [f"msgid_plural {_quoted(texts[1])}", 'msgstr[0] ""', 'msgstr[1] ""'] if texts[1:] else ['msgstr ""']
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def compile_catalogue(directory: Path, language: str, translate: Callable[[str], str]) -> None:
    """Write a catalogue of ``language`` below ``directory`` where every text is what ``translate`` makes of it."""
    entries = {"": _HEADER}
    for texts in collect():
        entries["\0".join(texts)] = "\0".join(map(translate, texts))
    pairs = sorted((key.encode(), value.encode()) for key, value in entries.items())
    count, offset = len(pairs), 28 + 16 * len(pairs)
    tables: tuple[list[int], list[int]] = ([], [])
    body = b""
    for column, table in enumerate(tables):
        for pair in pairs:
            table += [len(pair[column]), offset + len(body)]
            body += pair[column] + b"\0"
    head = struct.pack("<7I", _MAGIC, 0, count, 28, 28 + 8 * count, 0, 28 + 16 * count)
    numbers = [number for table in tables for number in table]
    path = directory / language / "LC_MESSAGES" / "edgecert.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(head + struct.pack(f"<{len(numbers)}I", *numbers) + body)


def foreign(text: str) -> str:
    """Give ``text`` in a language that has other vowels, and nothing else of its own."""
    return "".join(part if part.startswith("{") else part.translate(_VOWELS) for part in _FIELD.split(text))


def english(screen: str) -> set[str]:
    """Give the words of ``screen`` that no catalogue has changed, without those that are data."""
    return {word.lower() for word in _WORD.findall(screen) if re.search("[aeiou]", word)} - DATA


if __name__ == "__main__":
    sys.stdout.write(template(collect()))
