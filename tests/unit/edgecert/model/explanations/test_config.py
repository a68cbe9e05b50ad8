from __future__ import annotations

import pytest

from edgecert.model.explanations.config import ENTRIES


@pytest.mark.parametrize("code", ENTRIES)
def test_titles_are_one_line_without_a_full_stop_and_mending_is_a_sentence(code: str) -> None:
    entry = ENTRIES[code]
    assert "\n" not in entry.title
    assert not entry.title.endswith(".")
    assert entry.mend.endswith(".")
