"""Each source file has its test file where a reader looks for it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SRC: Final = ROOT / "src"
TESTS: Final = ROOT / "tests"

# Packages that touch the world: their tests may need real sockets, files or processes.
WORLDLY: Final = (
    "edgecert/cli",
    "edgecert/deploy",
    "edgecert/issuers",
    "edgecert/probe",
    "edgecert/shared",
    "edgecert/store",
    "edgecert/settings.py",
    "edgecert/wiring.py",
    "gateway/cli",
    "gateway/database",
    "gateway/net",
    "gateway/service.py",
    "gateway/settings.py",
)
# Source files that need no test of their own, with the reason.
EXEMPT: Final = {
    "edgecert/interfaces.py": "promises only: each implementation is tested against them",
    "edgecert/shared/jsonvalue.py": "type names only",
}


def says_something(path: Path) -> bool:
    """Tell whether a file has more than a docstring."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return any(not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) for node in body)


def source_files() -> list[Path]:
    return [
        path.relative_to(SRC)
        for path in sorted(SRC.rglob("*.py"))
        if path.name != "__init__.py" or says_something(path)
    ]


def mirrors_of(source: Path) -> list[Path]:
    stem = source.parent.name if source.name == "__init__.py" else source.stem.strip("_")
    folder = source.parent.parent if source.name == "__init__.py" else source.parent
    kinds = ["unit", "integration"] if source.as_posix().startswith(WORLDLY) else ["unit"]
    return [TESTS / kind / folder / f"test_{stem}.py" for kind in kinds]


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
