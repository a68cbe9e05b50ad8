"""``deploy``: now, staged, and by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.cli import Host


def test_deploys_what_was_issued(host: Host) -> None:
    host.run("issue", "-c", str(host.flags_file))
    ran = host.run("deploy", "edge")
    assert ran.code == 0
    assert ran.result["generation"] == 1
    assert (host.directory / "certs" / "privkey.pem").stat().st_mode & 0o777 == 0o600


def test_stages_and_withdraws(host: Host) -> None:
    host.apply()
    host.run("issue", "-c", str(host.flags_file), "--force")
    ran = host.run("deploy", "--effective-date", "2099-01-01T00:00:00Z")
    assert (ran.code, ran.error_code) == (2, "date")
    month = str(host.run("list").result["certificates"][0]["due_at"])
    assert host.run("deploy", "--effective-date", month).code == 0
    assert host.run("list").result["certificates"][0]["staged"] == {"generation": 2, "effective_at": month}
    assert host.run("deploy", "--cancel-staged").result["cancelled"]
    assert host.run("list").result["certificates"][0]["staged"] is None


def test_unknown_names_are_answered_with_the_known_ones(host: Host) -> None:
    host.apply()
    ran = host.run("deploy", "edgy")
    assert (ran.code, ran.error_code) == (1, "no-such-certificate")
    assert "edge" in str(ran.document["error"]["hint"])
    assert host.run("deploy", "--target", "nowhere").error_code == "no-such-target"
