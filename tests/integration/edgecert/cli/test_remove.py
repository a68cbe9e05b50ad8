"""``remove``: only what is not in service."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.cli import Host


def test_what_is_in_service_is_kept(host: Host) -> None:
    host.apply()
    assert host.run("remove", "edge", "--yes").error_code == "in-service"
    assert host.run("remove", "edge", "--in-service", "--yes").code == 0
    assert host.run("list").result["certificates"] == []


def test_without_a_terminal_it_needs_yes(host: Host) -> None:
    host.run("issue", "-c", str(host.flags_file))
    assert host.run("remove", "edge").code == 2
    assert host.run("remove", "edge", "--dry-run").code == 0
    assert len(host.run("list").result["certificates"]) == 1
