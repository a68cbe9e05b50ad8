"""Where the wizard may ask."""

from __future__ import annotations

import pytest

from edgecert.cli.wizard import require_terminal
from edgecert.shared.errors import UsageError
from tests.support.processes import run, script


def test_without_a_terminal_there_is_short_help_and_exit_2() -> None:
    for argv in ((), ("wizard",)):
        refused = run((script("edgecert"), *argv), environ={"TERM": "xterm"})
        assert refused.code == 2
        assert "edgecert plan -c FILE" in refused.stderr


def test_a_test_run_is_no_terminal() -> None:
    with pytest.raises(UsageError):
        require_terminal({"TERM": "dumb"}, plain=True)
