from __future__ import annotations

import pytest

from edgecert.shared.errors import UsageError
from edgecert.shared.parser import Parser, nearest


def parser() -> Parser:
    made = Parser(prog="x")
    made.add_argument("--colour", choices=("red", "green"))
    made.add_argument("--size", type=int)
    return made


def refusal(*argv: str) -> str:
    with pytest.raises(UsageError) as caught:
        parser().parse_args(argv)
    return caught.value.message


def test_unknown_options_are_all_named_each_with_the_nearest() -> None:
    assert (
        refusal("--color=red", "--zzz")
        == "unknown argument --color=red; did you mean --colour?, unknown argument --zzz"
    )


def test_a_wrong_choice_is_answered_with_all_and_the_nearest() -> None:
    assert refusal("--colour", "gren") == "argument --colour: 'gren' is not one of red, green; did you mean green?"


def test_an_argument_too_many_is_named() -> None:
    assert refusal("what") == "unexpected argument 'what'"


def test_options_may_stand_between_words() -> None:
    made = Parser(prog="x")
    made.add_argument("action", choices=("check", "show"))
    made.add_argument("files", nargs="*")
    made.add_argument("--size", type=int, required=True)
    given = made.parse_args(["check", "--size", "3", "a", "b"])
    assert (given.action, given.files, given.size) == ("check", ["a", "b"], 3)
    with pytest.raises(UsageError, match="one of check, show; did you mean check"):
        made.parse_args(["--size", "3", "chek"])
    with pytest.raises(UsageError, match="required"):
        made.parse_args(["check"])


def test_faults_name_the_way_to_help() -> None:
    with pytest.raises(UsageError) as caught:
        parser().parse_args(["--size", "x"])
    assert caught.value.hint == "x --help"


def test_parsers_below_are_of_the_same_kind() -> None:
    made = Parser(prog="x")
    below = made.add_subparsers().add_parser("y", help="the verb")
    assert isinstance(below, Parser)


def test_nearest_says_nothing_when_nothing_is_near() -> None:
    assert nearest("abc", ["xyz"]) == ""
