"""``account``: what needs no CA; the rest is asked of a real one in tests/peers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.cli import Host


def test_there_are_accounts_only_at_acme_cas(host: Host) -> None:
    ran = host.run("account", "show", "-c", str(host.flags_file))
    assert (ran.code, ran.error_code) == (2, "usage")


def test_a_directory_is_needed(host: Host) -> None:
    ran = host.run("account", "show", "-c", str(host.flags_file), "--kind", "acme")
    assert (ran.code, ran.error_code) == (2, "configuration")
    assert "issuer.directory" in ran.document["error"]["message"]


def test_a_directory_that_is_not_reached_is_a_network_error(host: Host) -> None:
    flags = ("--kind", "acme", "--directory", "https://127.0.0.1:9/dir", "--accept-terms")
    ran = host.run("account", "show", "-c", str(host.flags_file), *flags)
    assert (ran.code, ran.error_code) == (7, "acme-unreachable")
