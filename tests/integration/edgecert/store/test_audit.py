from __future__ import annotations

import json
import os
import pwd
from typing import TYPE_CHECKING

import pytest

from edgecert.store.audit import RotatedLog, format_audit_line, user_name
from tests.support.bundles import START

if TYPE_CHECKING:
    from pathlib import Path

    from edgecert.store.filesystem import FilesystemStore


def test_line_says_who_did_what_when(root: Path, store: FilesystemStore) -> None:
    store.audit("deployed", "edge", generation=7, target="gateway", forced=False)
    assert json.loads((root / "log/audit.jsonl").read_text()) == {
        "time": "2026-11-01T12:00:00Z",
        "event": "deployed",
        "lineage": "edge",
        "user": pwd.getpwuid(os.geteuid()).pw_name,
        "pid": os.getpid(),
        "sudo_user": "anna",
        "generation": 7,
        "target": "gateway",
        "forced": False,
    }


def test_fields_cannot_forge_who_and_when() -> None:
    line = format_audit_line("x", "edge", {"user": "eve", "text": "two\nlines"}, now=START, environ={})
    assert "\n" not in line
    assert json.loads(line)["user"] != "eve"


def log_at(tmp_path: Path, *, kept_files: int = 2) -> RotatedLog:
    return RotatedLog(tmp_path / "log" / "audit.jsonl", tmp_path / "lock", max_octets=20, kept_files=kept_files)


def test_rotates_by_size_and_keeps_some(tmp_path: Path) -> None:
    log = log_at(tmp_path)
    for number in range(10):
        log.append(f"line {number}")
    texts = {path.name: path.read_text() for path in (tmp_path / "log").iterdir()}
    assert texts == {
        "audit.jsonl": "line 8\nline 9\n",
        "audit.jsonl.1": "line 6\nline 7\n",
        "audit.jsonl.2": "line 4\nline 5\n",
    }


def test_cut_off_line_does_not_swallow_the_next(tmp_path: Path) -> None:
    log = log_at(tmp_path)
    log.append("one")
    with (tmp_path / "log" / "audit.jsonl").open("a") as file:
        file.write("tw")
    log.append("three")
    assert (tmp_path / "log" / "audit.jsonl").read_text() == "one\ntw\nthree\n"


@pytest.mark.parametrize(("uid", "name"), [(0, "root"), (4_000_000_000, "#4000000000")])
def test_user_names(uid: int, name: str) -> None:
    assert user_name(uid) == name
