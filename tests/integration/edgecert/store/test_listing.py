from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import LockedError, PermissionDeniedError, StoreError
from edgecert.store import listing

if TYPE_CHECKING:
    from pathlib import Path


def test_absent_directories_are_empty(tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    assert listing.entries(absent) == listing.names(absent) == []
    assert listing.read(absent) is None
    assert not listing.has_entries(absent)
    assert not listing.has_leftovers(absent)


def test_tells_leftovers_from_entries(tmp_path: Path) -> None:
    (tmp_path / ".edge.0123456789ab.tmp").mkdir()
    assert listing.has_leftovers(tmp_path)
    assert not listing.has_entries(tmp_path)
    (tmp_path / "edge").mkdir()
    (tmp_path / "file").touch()
    assert listing.names(tmp_path) == ["edge"]
    assert listing.has_entries(tmp_path)


@pytest.mark.parametrize(
    ("raised", "told", "code"),
    [
        (PermissionError(13, "Permission denied", "/x"), PermissionDeniedError, "permission"),
        (OSError(30, "Read-only file system", "/x"), StoreError, "store-write-failed"),
        (LockedError("held"), LockedError, "locked"),
    ],
)
def test_tells_what_the_operating_system_refused(
    tmp_path: Path, raised: Exception, told: type[PermissionDeniedError | StoreError | LockedError], code: str
) -> None:
    with pytest.raises(told) as caught, listing.translated(tmp_path):
        raise raised
    assert caught.value.code == code
