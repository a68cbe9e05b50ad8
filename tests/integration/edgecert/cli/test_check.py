"""``check``: for people and for Nagios."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.cli import Host


def test_a_target_that_cannot_be_seen_is_a_warning(host: Host) -> None:
    host.apply()
    ran = host.run("check")
    assert ran.code == 3
    assert {entry["check"]: entry["verdict"] for entry in ran.result["checks"]} == {
        "material": "ok",
        "validity": "ok",
        "served": "warning",
    }


def test_an_empty_store_is_good(host: Host) -> None:
    assert host.run("check").code == 0


def test_nagios_has_its_own_codes_and_perfdata(host: Host) -> None:
    host.apply()
    ran = host.run("check", "--nagios", json=False)
    assert ran.code == 1
    assert ran.stdout.startswith("EDGECERT WARNING - ")
    assert "| 'edge'=89" in ran.stdout
