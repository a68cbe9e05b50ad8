from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.binding import KeyProblem
from edgecert.shared.configfile import bind, decode, encode, load_document, read_secret_file
from edgecert.shared.errors import ConfigError, PermissionDeniedError, UsageError
from edgecert.shared.option import option

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Row:
    name: str = option("", help="name", required=True)
    words: tuple[str, ...] = option((), help="words")


@dataclass(frozen=True, slots=True)
class Table:
    size: int = option(1, help="size")
    file: str = option("", help="file", path=True)


@dataclass(frozen=True, slots=True)
class Schema:
    title: str = option("none", help="title")
    table: Table = option(factory=Table, help="table")
    rows: tuple[Row, ...] = option((), help="rows")


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        bind(Schema, load_document(path))
    return [str(problem).removeprefix(str(path)) for problem in caught.value.problems]


def test_binds_a_file_with_paths_from_its_directory(tmp_path: Path) -> None:
    path = written(tmp_path / "a.toml", 'title = "x"\n[table]\nfile = "b"\n[[rows]]\nname = "r"\nwords = ["w"]\n')
    expected = Schema("x", Table(1, str(tmp_path / "b")), (Row("r", ("w",)),))
    assert bind(Schema, load_document(path)) == expected


def test_overrides_win_and_are_named_in_problems(tmp_path: Path) -> None:
    document = load_document(written(tmp_path / "a.toml", 'title = "x"\n'))
    assert bind(Schema, document, overrides={"title": "y", "table.size": 4}) == Schema("y", Table(4))
    with pytest.raises(ConfigError) as caught:
        bind(Schema, document, overrides={"table.size": "x"}, source="--size")
    assert str(caught.value) == "--size: table.size: must be a whole number"


def test_rules_join_the_other_problems_in_the_order_of_lines(tmp_path: Path) -> None:
    def rules(value: Schema) -> Iterator[KeyProblem]:
        yield KeyProblem("title", f"{value.title} is banned")

    document = load_document(written(tmp_path / "a.toml", 'title = "x"\nunknown = 1\n'))
    with pytest.raises(ConfigError) as caught:
        bind(Schema, document, rules=rules)
    assert [(problem.line, problem.message) for problem in caught.value.problems] == [
        (1, "x is banned"),
        (2, "unknown key"),
    ]


def test_broken_syntax_is_reported_with_its_line(tmp_path: Path) -> None:
    assert refusal(written(tmp_path / "a.toml", 'title = "x"\nsize = = 1\n')) == [":2: not valid TOML: Invalid value"]


def test_an_absent_file_is_a_problem_of_its_own(tmp_path: Path) -> None:
    assert refusal(tmp_path / "a.toml") == [": cannot be read: No such file or directory"]


def test_bytes_that_are_no_text_are_reported_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"title = 'x'\n# \xff\n")
    assert refusal(path) == [":2: is not UTF-8 text"]


def test_line_ends_of_other_systems_keep_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b'title = "x"\r\n\r\nunknown = 1\r\n')
    assert refusal(path) == [":3: unknown: unknown key"]


def test_what_is_encoded_decodes_to_the_same(tmp_path: Path) -> None:
    value = Schema("x", Table(2, "relative"), (Row("r", ("w",)),))
    assert decode(Schema, encode(value)) == value
    assert decode(Schema, encode(value, defaults=False)) == value


def test_defaults_can_be_left_out() -> None:
    assert encode(Schema(), defaults=False) == {}
    assert encode(Schema(table=Table(5)), defaults=False) == {"table": {"size": 5}}


def test_decoding_what_does_not_fit_names_where_it_came_from() -> None:
    with pytest.raises(ConfigError, match=r"request\.json: title: must be text"):
        decode(Schema, {"title": 1}, where="request.json")


def test_reads_a_secret_without_its_line_end(tmp_path: Path) -> None:
    path = written(tmp_path / "s", "pass word\n")
    path.chmod(0o600)
    assert read_secret_file(path).reveal() == b"pass word"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_refuses_a_secret_that_others_can_reach(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "s", "x")
    path.chmod(mode)
    with pytest.raises(PermissionDeniedError, match="others can reach it") as caught:
        read_secret_file(path)
    assert caught.value.code == "secret-file-readable"
    assert caught.value.hint == f"chmod 600 {path}"


@pytest.mark.parametrize(("content", "why"), [(b"", "empty"), (b"\n", "empty"), (b"x" * 65537, "too large")])
def test_refuses_what_is_no_secret(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "s"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(UsageError, match=why):
        read_secret_file(path)


def test_refuses_a_secret_that_is_not_there_or_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_secret_file(tmp_path / "absent")
    with pytest.raises(UsageError, match="not a regular file"):
        read_secret_file(Path(os.devnull))
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(UsageError, match="not a regular file"):
        read_secret_file(tmp_path / "pipe")
