from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import StoreError
from edgecert.store.format import FORMAT, StoreFormat, create_format, migrate, read_format, verify_not_newer
from edgecert.store.layout import Layout
from tests.support.bundles import START
from tests.support.forks import run_forked

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A store of a format that never was: it kept its one record under another name."""
    layout = Layout(tmp_path / "state")
    (layout.certificates / "edge").mkdir(parents=True)
    (layout.certificates / "edge" / "config.toml").write_text("old")
    layout.format_file.write_text(json.dumps({"format": 0, "store_id": "ab", "created_at": "2026-01-01T00:00:00Z"}))
    return layout


def rename_config(root: Path) -> None:
    for path in root.glob("certificates/*/config.toml"):
        path.rename(path.with_name("settings.toml"))


MIGRATIONS = {0: rename_config}


def found(layout: Layout) -> StoreFormat:
    value = read_format(layout)
    assert value is not None
    return value


def test_new_store_has_an_id_of_its_own(tmp_path: Path) -> None:
    made = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        layout = Layout(tmp_path / name)
        made.append(create_format(layout, START))
        assert read_format(layout) == made[-1]
    assert made[0].store_id != made[1].store_id
    assert made[0].number == FORMAT


def test_older_format_is_copied_then_migrated(layout: Layout) -> None:
    after = migrate(layout, found(layout), known=1, migrations=MIGRATIONS)
    assert after == found(layout) == StoreFormat(1, "ab", "2026-01-01T00:00:00Z")
    assert (layout.certificates / "edge" / "settings.toml").read_text() == "old"
    copy = Layout(layout.backup / "format-0")
    assert found(copy).number == 0
    assert (copy.certificates / "edge" / "config.toml").read_text() == "old"


def test_killed_migration_is_finished_by_the_next_run(layout: Layout) -> None:
    def work() -> None:
        migrate(layout, found(layout), known=1, migrations=MIGRATIONS)

    for step in range(1, 50):
        if run_forked(work, crash_at=f"*:{step}") != -signal.SIGKILL:
            break
        number = found(layout).number
        if number == 0:
            work()
        assert found(layout).number == 1
        assert (layout.backup / "format-0/certificates/edge/config.toml").read_text() == "old"
        assert [path.name for path in layout.backup.iterdir()] == ["format-0"]
        layout.format_file.write_bytes((layout.backup / "format-0/format").read_bytes())
        (layout.certificates / "edge/settings.toml").rename(layout.certificates / "edge/config.toml")
        remove_copy(layout.backup / "format-0")
    assert step > 5


def remove_copy(path: Path) -> None:
    for inner in sorted(path.rglob("*"), reverse=True):
        inner.rmdir() if inner.is_dir() else inner.unlink()
    path.rmdir()


def test_no_way_from_a_format_is_said_before_anything_is_copied(layout: Layout) -> None:
    with pytest.raises(StoreError) as caught:
        migrate(layout, found(layout), known=1, migrations={})
    assert caught.value.code == "store-too-old"
    assert not layout.backup.exists()


def test_newer_format_is_refused(layout: Layout) -> None:
    verify_not_newer(layout, StoreFormat(1, "ab", ""), known=1)
    with pytest.raises(StoreError) as caught:
        verify_not_newer(layout, StoreFormat(2, "ab", ""), known=1)
    assert caught.value.code == "store-too-new"


def test_damaged_format_is_not_taken_for_a_new_store(layout: Layout) -> None:
    layout.format_file.write_text("")
    with pytest.raises(StoreError) as caught:
        read_format(layout)
    assert caught.value.code == "record-damaged"
