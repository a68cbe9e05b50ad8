from __future__ import annotations

import pytest

from edgecert.shared.parser import Parser
from gateway.cli.common import add_action, add_actions, add_common, add_dry_run, add_socket


def test_what_every_verb_takes() -> None:
    parser = Parser(prog="x")
    add_common(parser)
    add_socket(parser)
    add_dry_run(parser)
    given = parser.parse_args(["-c", "f", "--json", "-q", "-vv", "--socket", "s", "--dry-run"])
    assert (given.config, given.json, given.quiet, given.verbose, given.socket, given.dry_run) == (
        "f",
        True,
        True,
        2,
        "s",
        True,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["-c", "f", "--json", "-v", "--socket", "s", "list"],
        ["list", "-c", "f", "--json", "-v", "--socket", "s"],
        ["-c", "f", "--json", "list", "-v", "--socket", "s"],
        ["-c", "not this", "--json", "-v", "--socket", "s", "list", "-c", "f"],
    ],
)
def test_what_every_verb_takes_may_stand_before_an_action_or_behind_it(arguments: list[str]) -> None:
    parser = Parser(prog="x")
    add_action(add_actions(parser), "list", "list them")
    given = parser.parse_args(arguments)
    assert (given.action, given.config, given.json, given.quiet, given.verbose, given.socket) == (
        "list",
        "f",
        True,
        False,
        1,
        "s",
    )


def test_nothing_given_leaves_what_is_usual() -> None:
    parser = Parser(prog="x")
    add_action(add_actions(parser), "list", "list them")
    given = parser.parse_args(["list"])
    assert (given.config, given.json, given.quiet, given.verbose, given.socket) == (None, False, False, 0, None)
