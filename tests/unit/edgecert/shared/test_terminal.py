from __future__ import annotations

from pathlib import Path

from edgecert.shared.terminal import has_terminal, state_home


def test_a_test_run_is_no_terminal() -> None:
    assert not has_terminal({"TERM": "xterm"})
    assert not has_terminal({"TERM": "dumb"}, plain=True)


def test_what_is_no_setting_lies_in_the_persons_state_directory() -> None:
    assert state_home({"XDG_STATE_HOME": "/somewhere/state"}) == Path("/somewhere/state/edgecert")
    assert state_home({"HOME": "/persons/bob"}) == Path("/persons/bob/.local/state/edgecert")
