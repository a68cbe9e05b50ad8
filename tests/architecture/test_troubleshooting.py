"""The page that leads from what is seen to a code names only codes that are explained, and verbs that there are."""

from __future__ import annotations

import re
from pathlib import Path

from edgecert.cli.main import VERBS
from edgecert.model import explanations

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "troubleshoot.md"


def test_each_code_and_verb_of_the_page_is_there() -> None:
    rows = [line.split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 6
    codes = [code for row in rows for code in re.findall(r"`([a-z0-9-]+)`", row[3])]
    assert [code for code in codes if explanations.find(code) is None] == []
    verbs = [verb for row in rows for verb in re.findall(r"`edgecert ([a-z]+)", row[2])]
    assert set(verbs) <= set(VERBS)
