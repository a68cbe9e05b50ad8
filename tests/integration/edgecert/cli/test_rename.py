"""``rename``: another name, the same certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.cli import Host


def test_takes_everything_along(host: Host) -> None:
    host.apply()
    serial = host.run("list").result["certificates"][0]["serial"]
    assert host.run("rename", "edge", "external").code == 0
    (entry,) = host.run("list").result["certificates"]
    assert (entry["name"], entry["serial"]) == ("external", serial)
    assert host.run("renew", "external", "--force").result["lineages"][0]["action"] == "renewed"


def test_refuses_names_that_are_none_or_taken(host: Host) -> None:
    host.apply()
    assert host.run("rename", "edge", "Not A Name").error_code == "name"
    host.apply("--name", "second", "--take-over")
    assert host.run("rename", "second", "edge").error_code == "name-taken"
