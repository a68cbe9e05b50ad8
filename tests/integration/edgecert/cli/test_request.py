"""``request``: key and CSR now, the certificate later."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.cli import Host


def test_writes_a_csr_and_exits_5_once(host: Host) -> None:
    first = host.run("request", "-c", str(host.flags_file), "--request-file", str(host.directory / "edge.csr"))
    assert first.code == 5
    assert (host.directory / "edge.csr").read_bytes().startswith(b"-----BEGIN CERTIFICATE REQUEST-----")
    assert first.result["names"] == ["sip.contoso.example", "contoso.example"]
    second = host.run("request", "-c", str(host.flags_file), "--request-file", str(host.directory / "edge.csr"))
    assert second.code == 0
    assert second.result["id"] == first.result["id"]


def test_new_makes_another_with_another_key(host: Host) -> None:
    file = str(host.directory / "edge.csr")
    first = host.run("request", "-c", str(host.flags_file), "--request-file", file)
    second = host.run("request", "-c", str(host.flags_file), "--request-file", file, "--new")
    assert second.result["public_key_sha256"] != first.result["public_key_sha256"]


def test_cancels_by_id(host: Host) -> None:
    first = host.run("request", "-c", str(host.flags_file), "--request-file", str(host.directory / "edge.csr"))
    assert host.run("request", "--cancel", str(first.result["id"])).code == 0
    assert host.run("list").result["requests"] == []
    again = host.run("request", "--cancel", str(first.result["id"]))
    assert (again.code, again.error_code) == (1, "no-such-request")


def test_a_dry_run_makes_no_key(host: Host) -> None:
    ran = host.run("request", "-c", str(host.flags_file), "--dry-run")
    assert ran.code == 0
    assert not (host.state_dir / "requests" / "edge").exists()
