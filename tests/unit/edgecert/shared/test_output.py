from __future__ import annotations

import io
import json
import re

import pytest
from typing_extensions import override

from edgecert.shared.errors import ConfigError, ConfigProblem, EdgecertError, LockedError
from edgecert.shared.output import Output, colour_wanted, display_width


class Terminal(io.StringIO):
    @override
    def isatty(self) -> bool:
        return True


def voice(**switches: bool | int) -> tuple[Output, io.StringIO, io.StringIO]:
    stdout, stderr = io.StringIO(), io.StringIO()
    # Any switch of Output; the two types do not meet in one signature.
    return Output(stdout, stderr, **switches), stdout, stderr  # type: ignore[arg-type]  # see above


def test_people_get_the_result_on_stdout_and_the_rest_on_stderr() -> None:
    output, stdout, stderr = voice()
    output.step("working")
    output.warn("late", "it is late", path="edge.toml")
    output.warn("late", "edge.toml: it is very late", path="edge.toml")
    output.result({"a": 1}, "done")
    assert stdout.getvalue() == "done\n"
    assert (
        stderr.getvalue()
        == "working\nwarning: edge.toml: it is late [late]\nwarning: edge.toml: it is very late [late]\n"
    )


def test_quiet_leaves_out_steps_but_not_warnings() -> None:
    output, _, stderr = voice(quiet=True)
    output.step("working")
    output.warn("late", "it is late")
    assert stderr.getvalue() == "warning: it is late [late]\n"


def test_details_are_for_verbose_runs() -> None:
    output, _, stderr = voice()
    output.detail("deep")
    assert stderr.getvalue() == ""
    output, _, stderr = voice(verbose=1)
    output.detail("deep")
    assert stderr.getvalue() == "deep\n"


def test_json_is_one_document_with_the_warnings() -> None:
    output, stdout, stderr = voice(json=True)
    output.warn("late", "it is late")
    output.result({"a": "ü"}, "done")
    assert json.loads(stdout.getvalue()) == {
        "schema": "edgecert/1",
        "ok": True,
        "result": {"a": "ü"},
        "warnings": [{"code": "late", "message": "it is late", "path": ""}],
    }
    assert stderr.getvalue() == ""


def test_a_failure_names_code_and_hint_for_people() -> None:
    output, stdout, stderr = voice()
    output.failure(LockedError("another run", hint="wait"))
    assert stdout.getvalue() == ""
    assert stderr.getvalue() == "edgecert: error: another run [locked]\n  wait\n"


def test_a_failure_is_a_document_with_json() -> None:
    output, stdout, _ = voice(json=True)
    output.failure(LockedError("another run", hint="wait"))
    document = json.loads(stdout.getvalue())
    assert document["ok"] is False
    assert document["error"] == {"code": "locked", "message": "another run", "hint": "wait"}


def test_problems_of_a_file_stand_on_lines_of_their_own_with_the_place_first() -> None:
    error = ConfigError([ConfigProblem("a.toml", 3, "x", "wrong", "y"), ConfigProblem("a.toml", 0, "z", "missing")])
    output, _, stderr = voice()
    output.failure(error)
    assert stderr.getvalue().splitlines() == [
        "a.toml:3: x: wrong (did you mean y?)",
        "a.toml: z: missing",
        "edgecert: error: 2 problems found [configuration]",
    ]
    output, stdout, _ = voice(json=True)
    output.failure(error)
    problems = json.loads(stdout.getvalue())["error"]["problems"]
    assert problems[0] == {"file": "a.toml", "line": 3, "key": "x", "message": "wrong", "nearest": "y"}


def test_a_run_that_failed_may_still_have_a_result() -> None:
    output, stdout, _ = voice(json=True)
    output.result({"a": 1}, "half done", error=EdgecertError("broke"))
    document = json.loads(stdout.getvalue())
    assert (document["ok"], document["result"], document["error"]["code"]) == (False, {"a": 1}, "failed")
    output, stdout, stderr = voice()
    output.result({"a": 1}, "half done", error=EdgecertError("broke"))
    assert stdout.getvalue() == "half done\n"
    assert "broke [failed]" in stderr.getvalue()


def test_lines_are_one_document_each_with_their_own_warnings() -> None:
    output, stdout, _ = voice(json=True)
    output.warn("w", "first only")
    output.line({"n": 1}, "one")
    output.line({"n": 2}, "two", error=EdgecertError("broke"))
    first, second = [json.loads(line) for line in stdout.getvalue().splitlines()]
    assert len(first["warnings"]) == 1
    assert second["warnings"] == []
    assert second["ok"] is False
    output, stdout, _ = voice()
    output.line({"n": 1}, "one")
    assert stdout.getvalue() == "one\n"


def test_a_table_is_aligned_by_the_columns_that_a_terminal_shows() -> None:
    output, _, _ = voice()
    assert output.table(("NAME", "WHY"), [("日本", "a"), ("x", "b")]).splitlines() == [
        "NAME  WHY",
        "日本  a",
        "x     b",
    ]


def test_the_last_column_is_wrapped_on_a_terminal_only() -> None:
    output, _, _ = voice()
    rows = [("x", "one two three four five six seven")]
    assert output.table(("N", "WHY"), rows, width=24).splitlines() == [
        "N  WHY",
        "x  one two three four",
        "   five six seven",
    ]
    assert len(output.table(("N", "WHY"), rows).splitlines()) == 2


def test_control_characters_never_reach_the_terminal() -> None:
    output, _, _ = voice()
    assert "\x1b" not in output.table(("A",), [("\x1b[2Jx\ny",)])


HOSTILE = "a\x1b[2J\x1b[31mb\x9b2J\u202ec\x07"


@pytest.mark.parametrize("colour", [False, True])
def test_what_others_wrote_steers_no_terminal_by_any_way(colour: bool) -> None:
    output, out, err = voice(colour=colour)
    output.result({}, f"{output.style('yes', 'green')} {HOSTILE}")
    output.step(HOSTILE)
    output.warn("code", HOSTILE, HOSTILE)
    output.failure(EdgecertError(HOSTILE, hint=HOSTILE))
    output.failure(ConfigError([ConfigProblem("f", 1, "k", HOSTILE)]))
    said = out.getvalue() + err.getvalue()
    assert not {"\x9b", "\u202e", "\x07"} & set(said)
    assert set(re.findall("\x1b[^m]*m?", said)) == ({f"\x1b[{code}m" for code in (0, 31, 32, 33)} if colour else set())
    assert r"\x1b[2J" in said
    machine, written, _ = voice(json=True)
    machine.result({"x": HOSTILE}, "")
    assert not {"\x1b", "\x9b", "\u202e", "\x07"} & set(written.getvalue())
    assert json.loads(written.getvalue())["result"] == {"x": HOSTILE}


def test_colours_only_where_they_were_asked_for() -> None:
    plain, _, _ = voice()
    coloured, _, _ = voice(colour=True)
    assert plain.style("x", "red") == "x"
    assert coloured.style("x", "red") == "\x1b[31mx\x1b[0m"
    assert coloured.style("x", "plain") == "x"


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({}, False)],
)
def test_colours_are_wanted_by_a_terminal_that_was_not_told_otherwise(environ: dict[str, str], wanted: bool) -> None:
    assert colour_wanted(Terminal(), environ) is wanted
    assert not colour_wanted(io.StringIO(), environ)


def test_display_width_counts_wide_and_combining_letters() -> None:
    assert display_width("日a") == 3
    assert display_width("e\u0301") == 1
