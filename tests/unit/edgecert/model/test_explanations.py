from __future__ import annotations

import ast
import importlib
import pkgutil
from collections import Counter
from pathlib import Path

import pytest

from edgecert.model import explanations
from edgecert.model.explanations import all_entries, find, plan
from edgecert.model.findings import CODES
from edgecert.shared import names


def test_finds_a_code_and_no_other() -> None:
    explanation = find("empty-label")
    assert explanation is plan.ENTRIES["empty-label"]
    assert find("no-such-code") is None


@pytest.mark.parametrize("code", CODES)
def test_every_finding_is_explained(code: str) -> None:
    assert code in plan.ENTRIES


def test_every_way_to_be_no_name_is_explained() -> None:
    tree = ast.parse(Path(names.__file__).read_text(encoding="utf-8"))
    codes = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "NameProblem"
        and isinstance(node.args[0], ast.Constant)
    }
    assert codes >= {"name-empty", "name-malformed", "empty-label"}
    assert codes <= set(CODES)


def test_every_entry_says_what_it_is_and_how_to_mend_it() -> None:
    for code, entry in all_entries().items():
        assert all((entry.title, entry.text, entry.mend)), code
        assert "\n" not in entry.title, code
        assert not entry.title.endswith("."), code


def test_every_area_is_collected_and_no_code_is_told_twice() -> None:
    modules = [
        importlib.import_module(f"{explanations.__name__}.{module.name}")
        for module in pkgutil.iter_modules(explanations.__path__)
    ]
    codes = Counter(code for module in modules for code in getattr(module, "ENTRIES", ()))
    assert [code for code, count in codes.items() if count > 1] == []
    assert set(codes) == set(all_entries())
