"""``list``: what there is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from edgecert.shared.clock import SystemClock, format_time

if TYPE_CHECKING:
    from tests.support.cli import Host


def test_lists_days_left_deployments_and_what_is_open(host: Host) -> None:
    host.apply()
    (entry,) = host.run("list").result["certificates"]
    assert entry["days_left"] == 89
    assert entry["deployments"][0]["name"] == "prosody"
    text = host.run("list", json=False).stdout
    assert "prosody:unverified" in text


def test_says_what_is_staged_and_what_is_held(host: Host) -> None:
    host.apply()
    host.apply("--force")
    host.run("rollback", "--reason", "calls fail")
    host.run("issue", "-c", str(host.flags_file), "--force")
    when = format_time(SystemClock().now() + timedelta(days=10))
    host.run("deploy", "--generation", "3", "--effective-date", when)
    text = host.run("list", json=False).stdout
    assert f"edge: generation 3 is staged for {when}" in text
    assert "edge: generation 2 is held: calls fail" in text


def test_an_empty_store_says_how_to_begin(host: Host) -> None:
    assert "edgecert apply -c FILE" in host.run("list", json=False).stdout
