from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import PermissionDeniedError, StoreError
from edgecert.shared.privateplaces import ensure_private_parent, verify_private_parent

if TYPE_CHECKING:
    from pathlib import Path

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@as_root
def test_root_refuses_a_directory_below_one_of_another_user(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "sub").mkdir(parents=True)
    home.chmod(0o755)
    os.chown(home, 65534, 65534)
    with pytest.raises(PermissionDeniedError) as caught:
        ensure_private_parent(home / "sub" / "key.pem")
    assert caught.value.code == "unsafe-directory"
    assert str(home) in caught.value.message
    (tmp_path / "link").symlink_to(home)
    with pytest.raises(PermissionDeniedError):
        ensure_private_parent(tmp_path / "link" / "sub" / "key.pem")
    with pytest.raises(PermissionDeniedError):
        ensure_private_parent(home / "absent")


@as_root
@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
def test_root_refuses_a_directory_that_others_can_write(tmp_path: Path, mode: int) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(mode)
    with pytest.raises(PermissionDeniedError, match=f"{mode:04o}"):
        ensure_private_parent(shared / "key.pem")


@as_root
def test_sticky_directory_is_safe_for_what_is_roots(tmp_path: Path) -> None:
    shared = tmp_path / "tmp"
    (shared / "ours").mkdir(parents=True)
    (shared / "theirs").mkdir()
    os.chown(shared / "theirs", 65534, 65534)
    shared.chmod(0o1777)
    ensure_private_parent(shared / "ours" / "state" / "key.pem")
    ensure_private_parent(shared / "not-there-yet")
    with pytest.raises(PermissionDeniedError, match="theirs"):
        ensure_private_parent(shared / "theirs")


def test_symlink_loop_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(StoreError) as caught:
        verify_private_parent(tmp_path / "a" / "x", os.geteuid())
    assert caught.value.code == "symlink-loop"
