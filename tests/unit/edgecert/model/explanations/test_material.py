from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from edgecert.model.explanations.material import ENTRIES

SRC: Final = Path(__file__).parents[5] / "src" / "edgecert"
SOURCES: Final = (
    *(SRC / "shared" / f"{name}.py" for name in ("certreader", "certfacts", "chain", "trust", "identity")),
    *(SRC / "model" / f"{name}.py" for name in ("keys", "csr", "answer", "issuedcheck", "pkcs12")),
    *sorted((SRC / "issuers").glob("*.py")),
)
ELSEWHERE: Final = {"kek-missing"}  # explained with the store


def raised_codes() -> set[str]:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    return set(re.findall(r'\bcode ?= ?"([a-z0-9-]+)"', text)) | set(re.findall(r'Finding\("([a-z0-9-]+)"', text))


def test_each_code_that_is_raised_is_explained_and_no_other() -> None:
    assert raised_codes() - ELSEWHERE == set(ENTRIES)


def test_each_says_what_it_is_and_how_to_mend_it() -> None:
    for code, entry in ENTRIES.items():
        assert entry.title, code
        assert not entry.title.endswith("."), code
        assert entry.text.endswith("."), code
        assert entry.mend.endswith("."), code
