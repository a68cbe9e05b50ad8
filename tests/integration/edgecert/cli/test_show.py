"""``show``: one certificate with its history."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.cli import Host


def test_shows_history_and_open_requests(host: Host) -> None:
    host.apply()
    host.apply("--force")
    ran = host.run("show")
    assert [entry["generation"] for entry in ran.result["history"]] == [1, 2]
    text = host.run("show", json=False).stdout
    assert "history:" in text
    assert " *    2 " in text


def test_pem_is_nothing_but_pem(host: Host) -> None:
    host.apply()
    text = host.run("show", "--pem", json=False).stdout
    assert text.startswith("-----BEGIN CERTIFICATE-----")
    assert "PRIVATE KEY" not in text
