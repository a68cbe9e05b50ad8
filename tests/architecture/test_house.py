"""What the pages tell newcomers to type is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))


def test_each_make_target_that_a_page_names_exists() -> None:
    named = {
        (page.name, target)
        for page in PAGES
        for target in re.findall(
            r"(?:`|^\$? *|CI=true )make ([a-z][a-z-]*)", page.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert named
    assert not {(page, target) for page, target in named if target not in targets()}


def test_each_static_check_is_part_of_lint_and_each_check_of_test() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    lint = re.search(r"^lint:(.*)$", makefile, re.MULTILINE)
    everything = re.search(r"^test:(.*)$", makefile, re.MULTILINE)
    assert lint
    assert everything
    assert set(lint[1].split()) == {target for target in targets() if target.startswith("lint-")}
    checks = {target for target in targets() if target.startswith(("lint-", "test-"))} | {"docs"}
    assert checks <= set(everything[1].split())


def test_the_bare_root_gets_what_the_readme_asks_for() -> None:
    script = (ROOT / "scripts" / "bare-debian").read_text(encoding="utf-8")
    prerequisites = re.search(r"prerequisites=\((.*?)\)", script)
    assert prerequisites
    assert f"apt install {prerequisites[1]}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_changelog_knows_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in changelog or f"## [{version}]" in changelog
