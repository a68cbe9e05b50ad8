"""``settings``: shown and changed without issuing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.cli import Host


def test_set_changes_what_renewal_obeys_and_issues_nothing(host: Host) -> None:
    host.apply()
    ran = host.run("settings", "set", "edge", "renewal.renew_before=20d")
    assert ran.code == 0
    assert ran.result["changed"]
    assert host.run("settings", "show").result["settings"]["renewal"] == {
        "renew_before": "20d",
        "notify_command": [],
    }
    assert host.run("list").result["certificates"][0]["generation"] == 1


def test_wrong_keys_and_values_are_refused(host: Host) -> None:
    host.apply()
    assert host.run("settings", "set", "edge", "renewal.renew_befor=20d").code == 2
    assert host.run("settings", "set", "edge", "certificate.bit_length=1024").code == 2
    assert host.run("settings", "set", "edge", "certificate.name=other").code == 2
    assert host.run("settings", "set", "edge").code == 2


def test_show_prints_a_flags_file(host: Host) -> None:
    host.apply()
    text = host.run("settings", "show", json=False).stdout
    (host.directory / "saved.toml").write_text(text)
    again = host.run("apply", "-c", str(host.directory / "saved.toml"))
    assert again.result["certificates"][0]["action"] == "unchanged"
