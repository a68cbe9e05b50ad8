"""Every code that a message can carry is explained, offline and on the page of codes."""

from __future__ import annotations

import ast
import pkgutil
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from edgecert.model import explanations

if TYPE_CHECKING:
    from collections.abc import Iterator

SRC: Final = Path(__file__).parents[2] / "src"
AREAS: Final = sorted(
    module.name
    for module in pkgutil.iter_modules(explanations.__path__)
    if hasattr(import_module(f"{explanations.__name__}.{module.name}"), "ENTRIES")
)


def text_of(node: ast.AST | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def codes_of_call(call: ast.Call) -> Iterator[str]:
    """Give the codes in ``Error(…, code="x")`` and ``output.warn("x", …)``."""
    yield from (text_of(keyword.value) for keyword in call.keywords if keyword.arg == "code")
    if isinstance(call.func, ast.Attribute) and call.func.attr == "warn" and call.args:
        yield text_of(call.args[0])


def codes_of_class(definition: ast.ClassDef) -> Iterator[str]:
    """Give the code in ``class Error: code = "x"``."""
    for statement in definition.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if any(isinstance(target, ast.Name) and target.id == "code" for target in targets):
                yield text_of(statement.value)


def codes_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield from codes_of_call(node)
        elif isinstance(node, ast.ClassDef):
            yield from codes_of_class(node)


def test_each_code_in_the_source_is_explained() -> None:
    used = {code: path.relative_to(SRC) for path in sorted(SRC.rglob("*.py")) for code in codes_in(path) if code}
    assert len(used) > 100
    missing = {code: path for code, path in used.items() if explanations.find(code) is None}
    assert not missing, "\n".join(f"{path}: {code}" for code, path in missing.items())


@pytest.mark.parametrize("area", AREAS)
def test_each_area_is_on_the_page_of_codes(area: str) -> None:
    page = SRC.parent / "docs" / "reference" / "codes.md"
    assert f"```{{codes}} {area}\n" in page.read_text(encoding="utf-8")
