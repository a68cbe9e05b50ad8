from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from edgecert.model.explanations.store import ENTRIES

SRC: Final = Path(__file__).parents[5] / "src" / "edgecert"
SOURCES: Final = (
    *(SRC / "shared" / f"{name}.py" for name in ("atomic", "bundle", "keyfile", "keywrap", "privateplaces")),
    *sorted((SRC / "store").glob("*.py")),
)
ELSEWHERE: Final = {"no-such-request", "certbot-malformed", "certbot-not-found"}  # explained with the life cycle
OF_THE_CLASS: Final = {"store", "locked"}  # codes that the error's class carries


def test_each_code_that_is_raised_is_explained_and_no_other() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    raised = set(re.findall(r'\bcode ?= ?"([a-z0-9-]+)"', text))
    assert (raised | OF_THE_CLASS) - ELSEWHERE == set(ENTRIES)
