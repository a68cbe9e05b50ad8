from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.shared.commandline import Verb
from edgecert.shared.completion import SHELLS, completion_script, whole_parser

if TYPE_CHECKING:
    import argparse

VERBS = {name: Verb(name, f"do {name}", "all") for name in ("plan", "issue")}


def configure(name: str, parser: argparse.ArgumentParser) -> None:
    parser.add_argument(f"--for-{name}", choices=("one", "two"), help="what for")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_knows_verbs_options_and_values(shell: str) -> None:
    script = completion_script(shell, "program", VERBS, configure)  # type: ignore[arg-type]  # one of the three
    for word in ("program", "plan", "issue", "for-plan", "for-issue", "one"):
        assert word in script


def test_one_parser_has_every_verb() -> None:
    parser = whole_parser("program", VERBS, configure)
    assert all(name in parser.format_help() for name in VERBS)
    assert vars(parser.parse_args(["issue", "--for-issue", "two"]))["for_issue"] == "two"
