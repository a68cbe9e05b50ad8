"""``rollback``: back to the previous generation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.cli import Host


def test_puts_the_previous_generation_back_and_holds_the_bad_one(host: Host) -> None:
    host.apply()
    first = (host.directory / "certs" / "fullchain.pem").read_bytes()
    host.apply("--force")
    ran = host.run("rollback", "--reason", "calls fail")
    assert (ran.code, ran.result["generation"]) == (0, 1)
    assert (host.directory / "certs" / "fullchain.pem").read_bytes() == first
    assert host.run("list").result["certificates"][0]["held"] == {"2": "calls fail"}
    assert host.run("renew").result["lineages"][0]["action"] == "not-due"


def test_deploying_the_held_one_by_hand_ends_the_hold(host: Host) -> None:
    host.apply()
    host.apply("--force")
    host.run("rollback")
    assert host.run("deploy", "--generation", "2").code == 0
    certificate = host.run("list").result["certificates"][0]
    assert (certificate["generation"], certificate["held"]) == (2, {})
