"""``import --certbot``: what is said, what is kept, and that one lineage that fails stops no other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.certbot import ACCOUNT_URL, CertbotTree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.cli import Host


@pytest.fixture
def tree(tmp_path: Path) -> CertbotTree:
    made = CertbotTree(tmp_path / "certbot")
    made.add("contoso.com", ("contoso.com", "sip.contoso.com"), {"authenticator": "standalone"})
    made.add("fabrikam.com", ("fabrikam.com",), {"authenticator": "nginx", "installer": "nginx"})
    return made


def test_all_lineages_are_taken_in_and_what_is_missing_is_said(host: Host, tree: CertbotTree) -> None:
    ran = host.run("import", "--certbot", str(tree.config))
    assert ran.code == 0
    assert [entry["name"] for entry in ran.result["certificates"]] == ["contoso.com", "fabrikam.com"]
    assert {finding["code"] for finding in ran.result["findings"]} == {"certbot-hook", "certbot-not-mapped"}
    (account,) = host.state_dir.glob("accounts/*/account.json")
    assert json.loads(account.read_bytes())["url"] == ACCOUNT_URL
    assert (account.parent / "key.pem").stat().st_mode & 0o777 == 0o600
    listed = host.run("list").result["certificates"]
    assert [(entry["name"], entry["issuer_kind"]) for entry in listed] == [
        ("contoso.com", "acme"),
        ("fabrikam.com", "acme"),
    ]


def test_one_that_is_there_already_stops_no_other(host: Host, tree: CertbotTree) -> None:
    assert host.run("import", "--certbot", str(tree.config), "--name", "contoso.com").code == 0
    ran = host.run("import", "--certbot", str(tree.config), json=False)
    assert ran.code == 1
    assert "contoso.com: FAILED" in ran.stdout
    assert "Imported fabrikam.com" in ran.stdout
    assert "sudo systemctl disable --now certbot.timer" in ran.stdout


def test_a_dry_run_says_what_would_become_of_them(host: Host, tree: CertbotTree) -> None:
    ran = host.run("import", "--certbot", str(tree.config), "--dry-run", json=False)
    assert ran.code == 0
    assert "contoso.com would become contoso.com: sip.contoso.com, contoso.com" in ran.stdout
    assert "by http-01 (0.0.0.0:80), account certbot-45d7e1a6" in ran.stdout
    assert "by nothing yet" in ran.stdout
    assert "next:" not in ran.stdout
    assert host.run("list").result["certificates"] == []


@pytest.mark.parametrize("arguments", [("answer.pem",), ("--no-exportable",), ("--trust", "root.pem")])
def test_options_of_other_imports_are_refused(host: Host, tree: CertbotTree, arguments: tuple[str, ...]) -> None:
    ran = host.run("import", *arguments, "--certbot", str(tree.config))
    assert (ran.code, ran.error_code) == (2, "usage")


def test_import_needs_a_file_without_it(host: Host) -> None:
    assert host.run("import").error_code == "usage"
    assert host.run("import", "x.pem", "--name", "a", "--name", "b").error_code == "usage"
