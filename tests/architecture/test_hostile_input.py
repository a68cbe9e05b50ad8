"""Each class of hostile input has tests, and they are where the page says."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
CLASSES: Final = (
    "dialback correlation",
    "dialback key",
    "dialback without dialback",
    "EXTERNAL",
    "SAN rules",
    "stream restart",
    "stanza spoofing",
    "STARTTLS injection and stripping",
    "XML bombs",
    "stanza smuggling",
    "slow token",
    "resource exhaustion",
    "compression",
    "DNS",
    "loops",
    "hot swap",
    "policy change at run time",
)


def rows() -> dict[str, list[str]]:
    page = (ROOT / "docs/explanation/hostile-input.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| ([^|]+) \| [^|]+ \| ([^|]+) \|$", page, re.MULTILINE)
    return {name: re.findall(r"`([^`]+)`", tests) for name, tests in found if name not in {"class", "---"}}


def functions_in(path: Path) -> set[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, kinds)}


def test_the_page_has_every_class() -> None:
    assert tuple(rows()) == CLASSES


@pytest.mark.parametrize("name", CLASSES)
def test_the_tests_of_a_class_are_there(name: str) -> None:
    references = rows()[name]
    assert references
    for reference in references:
        file, _, function = reference.partition("::")
        assert (ROOT / file).is_file(), file
        assert not function or function in functions_in(ROOT / file), reference


def test_the_whole_corpus_is_named() -> None:
    named = {reference for references in rows().values() for reference in references}
    assert {f"fixtures/hostile/{path.name}" for path in (ROOT / "fixtures/hostile").glob("*.toml")} <= named
