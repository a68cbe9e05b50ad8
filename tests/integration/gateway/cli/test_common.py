from __future__ import annotations

from edgecert.shared.parser import Parser
from gateway.cli.common import add_common, add_dry_run, add_socket


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
