from __future__ import annotations

import json
import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from edgecert.interfaces import Seen
from edgecert.store.layout import Layout
from edgecert.store.scanindex import ScanIndex
from tests.support.clock import FakeClock
from tests.support.pki import now

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(now().replace(microsecond=0) + timedelta(minutes=1))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.format_file.write_text("1")
    for name in ("edge", "other"):
        layout.lineage(name).mkdir(parents=True)
    return layout


@pytest.fixture
def seen(clock: FakeClock, tmp_path: Path) -> Seen:
    flags = tmp_path / "edge.toml"
    flags.write_text("version = 1")
    day = timedelta(days=1)
    return Seen(clock.now() + day, clock.now() + 2 * day, clock.now() + 3 * day, str(flags))


def test_what_was_noted_comes_back_in_the_next_run(layout: Layout, clock: FakeClock, seen: Seen) -> None:
    index = ScanIndex(layout, clock)
    assert index.find("edge") is None
    index.note("edge", seen)
    index.save()
    again = ScanIndex(layout, clock)
    assert again.find("edge") == seen
    assert again.soonest(["edge"]) == seen.attend_at
    assert again.soonest(["edge", "other"]) is None
    assert again.soonest([]) is None
    again.note("edge", None)
    again.save()
    assert ScanIndex(layout, clock).find("edge") is None


def later(path: Path) -> None:
    """Let ``path`` have been changed a moment after it was."""
    moment = path.stat().st_mtime_ns + 1
    os.utime(path, ns=(moment, moment))


@pytest.mark.parametrize("what", ["lineage", "requests", "flags"])
def test_any_change_makes_it_look_again(layout: Layout, clock: FakeClock, seen: Seen, what: str) -> None:
    index = ScanIndex(layout, clock)
    index.note("edge", seen)
    match what:
        case "lineage":
            later(layout.lineage("edge"))
        case "requests":
            layout.requests_of("edge").mkdir(parents=True)
        case _:
            later(layout.root / "edge.toml")
    assert index.find("edge") is None


def test_a_change_of_this_very_moment_is_not_trusted_to_be_the_last(layout: Layout, seen: Seen) -> None:
    index = ScanIndex(layout, FakeClock(now()))
    index.note("edge", seen)
    assert index.find("edge") is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 2}', '{"format": 1, "lineages": {"edge": [1]}}', "\x00"])
def test_a_damaged_file_costs_one_look(layout: Layout, clock: FakeClock, text: str) -> None:
    layout.scan_file.write_text(text)
    assert ScanIndex(layout, clock).find("edge") is None


def test_nothing_is_written_where_there_is_no_store(tmp_path: Path, clock: FakeClock, seen: Seen) -> None:
    index = ScanIndex(Layout(tmp_path / "absent"), clock)
    index.note("edge", seen)
    index.save()
    assert not (tmp_path / "absent").exists()


def test_it_is_for_its_owner_alone(layout: Layout, clock: FakeClock, seen: Seen) -> None:
    index = ScanIndex(layout, clock)
    index.note("edge", seen)
    index.save()
    assert layout.scan_file.stat().st_mode & 0o777 == 0o600
    assert list(json.loads(layout.scan_file.read_bytes())["lineages"]) == ["edge"]
