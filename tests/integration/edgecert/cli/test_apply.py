"""``apply``: the whole path from a flags file to served files."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.cli import Host


CERTIFICATE_KEYS = {
    "name", "generation", "serial", "not_before", "not_after", "names", "issuer", "issuer_kind", "key", "exportable",
    "fingerprint_sha256", "path",
}  # fmt: skip
TARGET_KEYS = {
    "name", "kind", "ok", "verdict", "wanted", "serving", "served_fingerprint_sha256", "elapsed_ms", "error",
}  # fmt: skip


def test_issues_deploys_and_then_has_nothing_to_do(host: Host) -> None:
    first = host.apply()
    assert first.code == 0
    (certificate,) = first.result["certificates"]
    assert certificate.keys() >= CERTIFICATE_KEYS
    assert certificate["action"] == "issued"
    assert certificate["names"] == ["sip.contoso.example", "contoso.example"]
    (target,) = first.result["deployments"]
    assert target.keys() >= TARGET_KEYS
    assert (host.directory / "certs" / "fullchain.pem").exists()
    second = host.apply()
    assert second.result["certificates"][0]["action"] == "unchanged"
    assert second.result["certificates"][0]["serial"] == certificate["serial"]


def test_a_dry_run_writes_nothing(host: Host) -> None:
    ran = host.apply("--dry-run")
    assert ran.code == 0
    assert ran.result["dry_run"]
    assert list((host.directory / "certs").iterdir()) == []
    assert not (host.state_dir / "certificates" / "edge").exists()


def test_a_failed_reload_restores_the_files_and_exits_1_with_the_result(host: Host) -> None:
    host.apply()
    before = (host.directory / "certs" / "fullchain.pem").read_bytes()
    host.write(more='reload_command = ["false"]\n')
    ran = host.apply("--force")
    assert ran.code == 1
    assert ran.document["ok"] is False
    assert ran.result["certificates"][0]["generation"] == 2
    assert (host.directory / "certs" / "fullchain.pem").read_bytes() == before


def test_what_acme_needs_is_told_before_anything_is_asked(host: Host) -> None:
    host.write(kind="acme")
    ran = host.apply(
        "--sip-domains", "contoso.com", "--xmpp-domains", "contoso.com", "--access-edge", "sip.contoso.com"
    )
    assert ran.code == 2
    assert ran.error_code == "configuration"
    assert "issuer.directory" in ran.document["error"]["message"]


def test_a_plan_with_errors_stops_it(host: Host) -> None:
    ran = host.apply("--additional-names", "bad_name.example")
    assert ran.code == 1
    assert ran.error_code == "plan"


def test_people_read_what_where_and_until_when(host: Host) -> None:
    ran = host.run("apply", "-c", str(host.flags_file), json=False)
    for words in ("Issued edge generation 1", "valid until", str(host.state_dir), "prosody: has generation 1"):
        assert words in ran.stdout
    assert "edge: key ecdsa-256" in ran.stderr
