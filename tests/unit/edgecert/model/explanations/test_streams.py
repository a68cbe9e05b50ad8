from __future__ import annotations

import pytest

from edgecert.model.explanations.streams import ENTRIES
from gateway.errors import Condition


@pytest.mark.parametrize("condition", Condition)
def test_every_way_in_which_a_stream_ends_is_explained(condition: Condition) -> None:
    assert condition in ENTRIES
