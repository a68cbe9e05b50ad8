"""``issue``: ``apply`` without deploying."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.cli import Host


def test_issues_and_deploys_nowhere(host: Host) -> None:
    ran = host.run("issue", "-c", str(host.flags_file))
    assert ran.code == 0
    assert ran.result["deployments"] == []
    assert list((host.directory / "certs").iterdir()) == []
    assert host.run("issue", "-c", str(host.flags_file)).result["certificates"][0]["action"] == "unchanged"


def test_says_the_next_command(host: Host) -> None:
    assert "edgecert deploy edge" in host.run("issue", "-c", str(host.flags_file), json=False).stdout
