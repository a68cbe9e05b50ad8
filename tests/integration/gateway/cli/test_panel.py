"""Where the panel may show itself, and what it says where it may not."""

from __future__ import annotations

from tests.support.processes import run, script


def test_off_a_terminal_it_names_the_verbs_that_do_the_same_by_lines() -> None:
    for words in ((), ("--json",)):
        refused = run((script("edgecert-gateway"), "panel", *words), environ={"TERM": "xterm"})
        assert refused.code == 2
        assert "edgecert-gateway status, streams, queue, partner" in refused.stderr + refused.stdout
