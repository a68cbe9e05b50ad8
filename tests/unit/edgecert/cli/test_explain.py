from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.model.explanations import all_entries
from edgecert.shared.errors import ExitCode

if TYPE_CHECKING:
    from tests.unit.edgecert.cli.conftest import Cli


def test_a_code_is_explained_and_how_to_mend_it(cli: Cli) -> None:
    ran = cli("explain", "configuration")
    assert ran.code == ExitCode.OK
    assert ran.stdout.startswith("configuration: a configuration file, a variable or a flag is wrong\n\n")
    assert "\n\nTo mend: " in ran.stdout
    assert max(len(line) for line in ran.stdout.splitlines()) <= 80


def test_a_code_may_be_copied_with_its_brackets(cli: Cli) -> None:
    assert cli("explain", "[Locked]", "--json").code == cli("explain", "locked", "--json").code
    assert cli("explain", "[configuration]", "--json").document["result"]["code"] == "configuration"


def test_a_misspelt_code_is_answered_with_the_nearest(cli: Cli) -> None:
    ran = cli("explain", "configurtion")
    assert ran.code == ExitCode.USAGE
    assert "did you mean configuration?" in ran.stderr


def test_all_codes_and_exit_codes_are_listed(cli: Cli) -> None:
    result = cli("explain", "--json").document["result"]
    assert [entry["code"] for entry in result["codes"]] == sorted(all_entries())
    assert [entry["code"] for entry in result["exit_codes"]] == sorted(ExitCode)
    assert "EXIT" in cli("explain").stdout
