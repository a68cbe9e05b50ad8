"""What a person reads on a page goes through gettext: no bare sentence is in the code of the pages."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES: Final = Path(__file__).parents[2] / "src"
FOLDERS: Final = ("edgecert/wizard", "edgecert/shared/tui", "gateway/panel")
PAGES: Final = sorted(path for folder in FOLDERS for path in (SOURCES / folder).rglob("*.py"))
SENTENCE: Final = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")
TRANSLATING: Final = ("_", "plural")
# A name, a command, a style; and what only a programmer reads.
OTHERS: Final = (
    *("Google Trust Services", "edgecert remove ", "bold $text on $primary", "bold reverse"),
    *("the theme cannot be kept", "no request is in the making"),
)


def bare(tree: ast.AST) -> Iterator[ast.Constant]:
    """Give the sentences that no call translates: not docstrings, style sheets, faults of the program, or tables
    whose values are translated where they are read (``_LABELS``).
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TRANSLATING:
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id in ("DEFAULT_CSS", "_LABELS") for target in targets):
                continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SENTENCE.search(node.value):
            yield node
        yield from bare(node)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(SOURCES)))
def test_no_page_says_a_sentence_that_is_not_translated(path: Path) -> None:
    found = {(node.lineno, node.value) for node in bare(ast.parse(path.read_text(encoding="utf-8")))}
    assert {(line, text) for line, text in found if text not in OTHERS} == set()


def test_a_bare_sentence_is_found() -> None:
    assert [node.value for node in bare(ast.parse('say("Nothing is lost")\nsay(_("All is well"))'))] == [
        "Nothing is lost",
    ]
