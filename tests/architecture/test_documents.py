"""Documents that speak of the code and of each other speak of what is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = tuple((ROOT / "src").rglob("*.py"))
PAGES: Final = (*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/[a-z]*/**/*.md")), ROOT / "docs/index.md")

_CODE: Final = re.compile(r"`([^`\n]+)`")
_LINK: Final = re.compile(r"\]\(([^)\s#]+\.md)(?:#[^)]*)?\)")
# Words of code as Python writes them: with an underscore, or with a capital inside.
_WORD: Final = re.compile(
    r"\b(?:[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+)+|_[a-z0-9]+(?:_[a-z0-9]+)*|[a-z0-9]+(?:_[a-z0-9]+)+)\b"
)


def test_the_walks_name_files_that_are_there() -> None:
    text = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    files = {name for code in _CODE.findall(text) for name in re.findall(r"[\w/]+\.py", code)}
    paths = ["/" + path.relative_to(ROOT).as_posix() for path in SOURCES]
    assert len(files) > 20
    assert [name for name in files if not any(path.endswith(f"/{name}") for path in paths)] == []


def test_the_walks_name_functions_and_classes_that_are_there() -> None:
    text = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    named = {word for code in _CODE.findall(text) for word in _WORD.findall(code)}
    known = {word for path in SOURCES for word in _WORD.findall(path.read_text(encoding="utf-8"))}
    assert len(named) > 50
    assert sorted(named - known) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_links_to_pages_that_are_there(page: Path) -> None:
    targets = [link for link in _LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in targets if not (page.parent / link).is_file()] == []


def test_the_readme_reads_on_eighty_columns() -> None:
    assert [line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if len(line) > 80] == []
