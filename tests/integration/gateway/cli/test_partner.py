"""The verb without a running gateway: on the database. With one it is in test_serve.py and test_partnertable.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.shared.tomltext import to_toml
from tests.support.gatewaycli import gateway_cli

if TYPE_CHECKING:
    from pathlib import Path

    from edgecert.shared.jsonvalue import JsonObject
    from tests.support.processes import Result

FILE = """\
[[partner]]
domain = "Fabrikam.example"
type = "federated"
additional_domains = ["fabrikam.test", "mail.fabrikam.example"]

[[partner]]
domain = "adatum.example"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_text("secret\n")
    gateway: JsonObject = {name: str(tmp_path / name) for name in ("state_dir", "control", "status")}
    document: JsonObject = {"gateway": gateway, "home": [{"domain": "contoso.example", "secret_file": str(secret)}]}
    (tmp_path / "gateway.toml").write_text(to_toml(document))
    (tmp_path / "partners.toml").write_text(FILE)
    return tmp_path / "gateway.toml"


def partner(config: Path, *arguments: str) -> Result:
    return gateway_cli("partner", *arguments, "-c", str(config))


def apply(config: Path, *arguments: str) -> Result:
    return partner(config, "apply", str(config.with_name("partners.toml")), *arguments)


def test_apply_shows_the_difference_and_a_dry_run_changes_nothing(config: Path) -> None:
    tried = apply(config, "--dry-run")
    assert tried.code == 0, tried.stderr
    assert tried.stdout.splitlines() == ["+ adatum.example", "+ fabrikam.example", "nothing was changed (dry run)"]
    assert partner(config, "list").stdout == "no partners\n"
    assert apply(config).stdout.splitlines()[-1] == "saved; no gateway is running"
    assert apply(config).stdout == "nothing to change\n"


def test_apply_says_which_keys_change_and_what_goes(config: Path) -> None:
    apply(config)
    file = config.with_name("partners.toml")
    file.write_text(FILE.partition("\n\n")[0] + '\ndescription = "Fabrikam"\n')
    assert apply(config).stdout.splitlines() == [
        "~ fabrikam.example",
        "    description: – → Fabrikam",
        "- adatum.example",
        "saved; no gateway is running",
    ]


def test_export_is_a_file_that_apply_takes_as_it_is(config: Path) -> None:
    apply(config)
    config.with_name("partners.toml").write_text(partner(config, "export").stdout)
    assert apply(config).stdout == "nothing to change\n"


def test_add_set_show_remove(config: Path) -> None:
    added = partner(config, "add", "fabrikam.example", "--type", "federated", "--additional-domains", "fabrikam.test")
    assert added.code == 0, added.stderr
    again = partner(config, "add", "FABRIKAM.example")
    assert again.code == 2
    assert "partner set" in again.stderr
    assert partner(config, "set", "fabrikam.example", "--description", "F", "--no-keep-alive").code == 0
    shown = partner(config, "show", "fabrikam.example", "--json").document["result"]["partner"]
    assert (shown["type"], shown["dialback"], shown["description"], shown["keep_alive"]) == (
        "federated",
        False,
        "F",
        False,
    )
    assert shown["additional_domains"] == ["fabrikam.test"]
    assert "name fabrikam.example" in partner(config, "show", "fabrikam.test").stderr
    assert partner(config, "remove", "fabrikam.example", "--dry-run").stdout.startswith("- fabrikam.example\nnothing")
    assert partner(config, "remove", "fabrikam.example").code == 0
    assert partner(config, "remove", "fabrikam.example").code == 2
    assert partner(config, "list", "--json").document["result"] == {"partners": []}


def test_a_dry_run_of_a_change_says_what_would_differ_and_keeps_what_is(config: Path) -> None:
    apply(config)
    tried = partner(config, "set", "adatum.example", "--description", "A", "--dry-run")
    assert "    description: – → A" in tried.stdout
    assert partner(config, "show", "adatum.example", "--json").document["result"]["partner"]["description"] == ""


def test_set_without_a_key_and_a_domain_of_ours_are_refused(config: Path) -> None:
    apply(config)
    assert partner(config, "set", "adatum.example").code == 2
    refused = partner(config, "add", "contoso.example", "--json")
    assert refused.code == 1
    assert refused.document["error"]["code"] == "home-partner-clash"


def test_a_wrong_file_is_refused_with_every_line(config: Path) -> None:
    config.with_name("partners.toml").write_text('[[partner]]\ndomian = "a.example"\ntls = "maybe"\n')
    result = apply(config)
    assert result.code == 2
    assert "partners.toml:2: partner[0].domian" in result.stderr
    assert "partners.toml:3: partner[0].tls" in result.stderr


def test_domains_are_added_and_taken_away_one_by_one(config: Path) -> None:
    apply(config)
    changed = partner(
        config, "set", "fabrikam.example", "--add-domain", "New.example", "--remove-domain", "fabrikam.test"
    )
    assert changed.code == 0, changed.stderr
    shown = partner(config, "show", "fabrikam.example", "--json").document["result"]["partner"]
    assert shown["additional_domains"] == ["mail.fabrikam.example", "new.example"]
    missing = partner(config, "set", "fabrikam.example", "--remove-domain", "fabrikam.test")
    assert missing.code == 2
    assert "fabrikam.test is no additional domain" in missing.stderr


def test_show_tells_the_methods_and_what_to_think_of_them(config: Path) -> None:
    apply(config)
    partner(config, "set", "adatum.example", "--tls", "optional")
    shown = partner(config, "show", "adatum.example", "--json").document
    assert shown["result"]["row"] == 9
    assert shown["result"]["methods"] == ["SASL EXTERNAL over TLS", "dialback inside TLS", "dialback in the clear"]
    assert [warning["code"] for warning in shown["warnings"]] == ["tls-not-required"]
    assert "dialback in the clear (row 9)" in partner(config, "show", "adatum.example").stdout


def test_a_file_with_a_home_domain_is_refused_whole(config: Path) -> None:
    file = config.with_name("partners.toml")
    for clash in ('domain = "contoso.example"', 'domain = "x.example"\nadditional_domains = ["contoso.example"]'):
        file.write_text(f"{FILE}\n[[partner]]\n{clash}\n")
        for more in ((), ("--dry-run",)):
            refused = apply(config, *more)
            assert (refused.code, "[home-partner-clash]" in refused.stderr) == (1, True)
    assert partner(config, "list").stdout == "no partners\n"


def test_setting_what_is_so_already_changes_nothing(config: Path) -> None:
    apply(config)
    again = ("--add-domain", "fabrikam.test"), ("--add-domain", "FABRIKAM.example"), ("--type", "federated")
    for arguments in again:
        answer = partner(config, "set", "fabrikam.example", *arguments)
        assert (answer.code, answer.stdout) == (0, "nothing to change\n"), arguments


def test_a_limit_has_a_most(config: Path) -> None:
    refused = partner(config, "add", "x.example", "--connection-limit", "99999999999999999999")
    assert refused.code == 2
    assert "1000000" in refused.stderr
