from __future__ import annotations

import argparse

from edgecert.shared.fish import fish_script
from edgecert.shared.parser import Parser


def script() -> str:
    parser = Parser(prog="x make")
    parser.add_argument("--colour", choices=("red", "green"), help="it's 100%% a colour")
    parser.add_argument("-o", "--out", metavar="FILE", help="where to")
    parser.add_argument("--fast", action=argparse.BooleanOptionalAction, default=False, help="quickly")
    parser.add_argument("--hidden", help=argparse.SUPPRESS)
    parser.add_argument("--word", help="a word")
    parser.add_argument("what", choices=("this", "that"))
    parser.add_argument("file", metavar="FILE")
    return fish_script("x", {"make": ("make it", parser)})


def test_verbs_are_offered_until_one_is_there() -> None:
    assert "complete -c x -n 'not __fish_seen_subcommand_from make' -a make -d 'make it'" in script()


def test_options_are_offered_with_their_values() -> None:
    lines = [
        line.removeprefix("complete -c x -n '__fish_seen_subcommand_from make' ") for line in script().splitlines()
    ]
    assert "-l colour -x -a 'red green' -d 'it\\'s 100% a colour'" in lines
    assert "-s o -l out -r -F -d 'where to'" in lines
    assert "-l fast -l no-fast -d 'quickly'" in lines
    assert "-l word -x -d 'a word'" in lines
    assert "-a 'this that'" in lines
    assert "-F" in lines


def test_what_the_help_hides_is_not_offered() -> None:
    assert "hidden" not in script()
