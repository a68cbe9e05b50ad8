"""``prune``: never what is in service."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.cli import Host


def test_keeps_the_newest_and_what_is_in_service(host: Host) -> None:
    host.apply()
    for _ in range(3):
        host.run("renew", "edge", "--force")
    dry = host.run("prune", "--keep", "2", "--dry-run")
    assert dry.result["certificates"][0]["generations"] == [1, 2]
    assert host.run("prune", "--keep", "2").result["certificates"][0]["generations"] == [1, 2]
    assert [entry["generation"] for entry in host.run("show").result["history"]] == [3, 4]
    assert host.run("prune", "--keep", "2", json=False).stdout == "nothing to remove\n"
