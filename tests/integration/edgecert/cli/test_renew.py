"""``renew``: what is due, from the saved settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.cli import Host


def test_renews_by_name_with_force_and_deploys(host: Host) -> None:
    host.apply()
    assert host.run("renew").result["lineages"][0]["action"] == "not-due"
    ran = host.run("renew", "edge", "--force")
    assert ran.result["lineages"][0]["action"] == "renewed"
    assert ran.result["lineages"][0]["certificate"]["generation"] == 2


def test_force_needs_names(host: Host) -> None:
    assert host.run("renew", "--force").code == 2


def test_replacing_the_key_needs_names_and_makes_another_key(host: Host) -> None:
    assert host.run("renew", "--replace-key").code == 2
    host.apply("--reuse-key")
    certificates = host.state_dir / "certificates" / "edge"
    assert host.run("renew", "edge", "--force").code == 0
    assert (certificates / "0002" / "key.pem").read_bytes() == (certificates / "0001" / "key.pem").read_bytes()
    assert host.run("renew", "edge", "--replace-key").code == 0
    assert (certificates / "0003" / "key.pem").read_bytes() != (certificates / "0001" / "key.pem").read_bytes()


def test_says_when_the_flags_file_was_changed_since(host: Host) -> None:
    host.apply()
    host.write(more="# edited\n")
    codes = [warning["code"] for warning in host.run("renew").document["warnings"]]
    assert codes == ["flags-file-not-applied"]


def test_an_unknown_certificate_fails(host: Host) -> None:
    host.apply()
    ran = host.run("renew", "nowhere")
    assert ran.code == 1
    assert ran.result["lineages"][0]["action"] == "failed"


def test_an_empty_store_has_nothing_to_do(host: Host) -> None:
    assert host.run("renew").result["lineages"] == []
