"""``revoke``: named twice, never what is in service, and its key never again."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.support.pki import Pki

if TYPE_CHECKING:
    from tests.support.cli import Host


def test_refuses_what_is_in_service_and_what_was_not_confirmed(host: Host) -> None:
    host.apply()
    assert host.run("revoke", "edge").error_code == "not-confirmed"
    assert host.run("revoke", "edge", "--confirm", "other").code == 2
    ran = host.run("revoke", "edge", "--confirm", "edge")
    assert (ran.code, ran.error_code) == (1, "revoke-in-service")


def test_an_old_generation_is_held_for_ever_and_its_key_is_blocked(host: Host) -> None:
    host.apply()
    host.apply("--force")
    words = ("revoke", "edge", "--generation", "1", "--reason", "keyCompromise")
    dry = host.run(*words, "--dry-run")
    assert (dry.code, dry.result["dry_run"], dry.result["held"]) == (0, True, [1])
    assert not (host.state_dir / "blocked-keys.json").exists()
    ran = host.run(*words, "--confirm", "edge")
    assert ran.code == 0
    assert (ran.result["revoked_by"], ran.result["key_blocked"], ran.result["reason"]) == (
        "nobody",
        True,
        "keyCompromise",
    )
    assert [warning["code"] for warning in ran.document["warnings"]] == ["revoke-at-the-ca"]
    assert host.run("deploy", "edge", "--generation", "1").error_code == "revoked"
    assert host.run("list").result["certificates"][0]["held"] == {"1": "revoked (keyCompromise)"}
    assert len((host.state_dir / "blocked-keys.json").read_text()) > 64
    text = host.run(*words, "--confirm", "edge", json=False).stdout
    assert "Its key is blocked" in text


def test_a_copy_of_a_compromised_key_is_named_with_what_to_do(host: Host) -> None:
    certificate, key = Pki.create(host.directory / "pki").issue(["contoso.com"]).write(host.directory)
    password, file = host.directory / "password", host.directory / "old.pfx"
    password.write_text("secret")
    password.chmod(0o600)
    pack = ("-in", str(certificate), "-inkey", str(key), "-out", str(file), "-passout", f"file:{password}")
    subprocess.run(["openssl", "pkcs12", "-export", *pack], check=True)  # the peer
    for name in ("old", "copy"):
        imported = host.run("import", str(file), "--password-file", str(password), "--name", name)
        assert imported.code == 0, imported.stdout
    words = ("revoke", "old", "--generation", "1", "--reason", "keyCompromise")
    assert host.run(*words, "--dry-run").result["elsewhere"] == [{"name": "copy", "generation": 1}]
    text = host.run(*words, "--confirm", "old", json=False).stdout
    assert "copy generation 1 has the same key: edgecert renew copy --replace-key; then: edgecert revoke copy" in text


def test_with_nothing_left_a_generation_has_to_be_named(host: Host) -> None:
    assert host.run("revoke", "edge", "--confirm", "edge").error_code == "no-such-certificate"
