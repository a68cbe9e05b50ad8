from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgecert.deploy.fileset import FileSet, NewFile

if TYPE_CHECKING:
    from collections.abc import Callable


def test_writes_and_restores_files_links_and_absences(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "file").chmod(0o640)
    (tmp_path / "link").symlink_to("../other")
    files = FileSet(tmp_path, [NewFile(name, b"new", 0o600) for name in ("file", "link", "absent")], None)
    files.write()
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == {
        "file": b"new",
        "link": b"new",
        "absent": b"new",
    }
    assert not (tmp_path / "link").is_symlink()
    files.restore()
    assert (tmp_path / "file").read_bytes() == b"old"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640
    assert str((tmp_path / "link").readlink()) == "../other"
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["directory", "pipe"])
def test_a_place_that_is_no_file_is_refused_before_anything_is_written(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "b")
    with pytest.raises(OSError, match="neither a file nor a link"):
        FileSet(tmp_path, [NewFile("a", b"new", 0o600), NewFile("b", b"new", 0o600)], None)
    assert not (tmp_path / "a").exists()
