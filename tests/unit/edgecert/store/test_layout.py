from __future__ import annotations

from pathlib import Path

import pytest

from edgecert.shared.atomic import aside
from edgecert.shared.errors import StoreError
from edgecert.store.layout import Layout, leftover_of

LAYOUT = Layout(Path("/state"))


@pytest.mark.parametrize("name", ["..", "a/b", "", ".store"])
def test_no_name_leads_out_of_its_place(name: str) -> None:
    for give in (LAYOUT.lock, LAYOUT.lineage, LAYOUT.settings, LAYOUT.requests_of):
        with pytest.raises(StoreError):
            give(name)
    with pytest.raises(StoreError):
        LAYOUT.request("edge", name)


def test_leftover_tells_what_it_was_to_become() -> None:
    assert leftover_of(aside(Path("/x/my.edge-1")).name) == "my.edge-1"
    assert leftover_of("edge") == ""
    assert leftover_of(".hidden.tmp") == ""
