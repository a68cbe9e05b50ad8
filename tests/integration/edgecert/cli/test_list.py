"""``list``: what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.cli import Host


def test_lists_days_left_deployments_and_what_is_open(host: Host) -> None:
    host.apply()
    (entry,) = host.run("list").result["certificates"]
    assert entry["days_left"] == 89
    assert entry["deployments"][0]["name"] == "prosody"
    text = host.run("list", json=False).stdout
    assert "prosody:unverified" in text


def test_an_empty_store_says_how_to_begin(host: Host) -> None:
    assert "edgecert apply -c FILE" in host.run("list", json=False).stdout
