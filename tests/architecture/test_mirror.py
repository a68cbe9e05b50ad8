"""Each source file has its test file where a reader looks for it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SRC: Final = ROOT / "src"
TESTS: Final = ROOT / "tests"
FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)

# Packages that touch the world: their tests may need real sockets, files or processes.
WORLDLY: Final = (
    "edgecert/challenges",
    "edgecert/cli",
    "edgecert/deploy",
    "edgecert/dns",
    "edgecert/issuers",
    "edgecert/probe",
    "edgecert/running.py",
    "edgecert/shared",
    "edgecert/store",
    "edgecert/settings.py",
    "edgecert/wiring.py",
    "gateway/cli",
    "gateway/database",
    "gateway/net",
    "gateway/service",
    "gateway/settings.py",
)
# What people see on a terminal.
TERMINAL: Final = {"wizard": ("edgecert/wizard", "edgecert/shared/tui"), "panel": ("gateway/panel",)}
# Source files with code but without a test file of their own, each with the reason.
EXEMPT: Final[dict[str, str]] = {}


def is_silent(statement: ast.stmt) -> bool:
    """Tell whether a statement is a docstring, an ellipsis or ``pass``."""
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def does_something(path: Path) -> bool:
    """Tell whether a file has code that runs: not only values, enums and promises."""
    functions = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, FUNCTIONS)]
    return any(not is_silent(statement) for function in functions for statement in function.body)


def source_files() -> list[Path]:
    return [path.relative_to(SRC) for path in sorted(SRC.rglob("*.py")) if does_something(path)]


def mirrors_of(source: Path) -> list[Path]:
    stem = source.parent.name if source.name == "__init__.py" else source.stem.strip("_")
    folder = source.parent.parent if source.name == "__init__.py" else source.parent
    kinds = ["unit", "integration"] if source.as_posix().startswith(WORLDLY) else ["unit"]
    mirrors = [TESTS / kind / folder / f"test_{stem}.py" for kind in kinds]
    mirrors += [  # whose tests stand together, above the packages
        TESTS / folder_of_all / f"test_{stem}.py"
        for folder_of_all, packages in TERMINAL.items()
        if source.as_posix().startswith(packages)
    ]
    return mirrors


def test_each_source_file_has_its_test_file() -> None:
    missing = [
        f"{source}: " + " or ".join(path.relative_to(ROOT).as_posix() for path in mirrors_of(source))
        for source in source_files()
        if source.as_posix() not in EXEMPT and not any(path.exists() for path in mirrors_of(source))
    ]
    assert not missing, "\n".join(missing)


def test_each_unit_test_file_mirrors_a_source_file() -> None:
    # test_names.py and test_names_idna.py both belong to names.py.
    orphans = []
    for test in sorted((TESTS / "unit").rglob("test_*.py")):
        folder = SRC / test.parent.relative_to(TESTS / "unit")
        stem = test.stem.removeprefix("test_")
        sources = [path.stem.strip("_") for path in folder.glob("*") if path.suffix == ".py" or path.is_dir()]
        if not any(stem == source or stem.startswith(f"{source}_") for source in sources):
            orphans.append(test.relative_to(ROOT).as_posix())
    assert not orphans, "\n".join(orphans)


def test_the_list_of_exemptions_is_not_stale() -> None:
    for source in EXEMPT:
        assert (SRC / source).exists()
        assert not any(path.exists() for path in mirrors_of(Path(source)))
