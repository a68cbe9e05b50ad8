from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import PermissionDeniedError
from edgecert.store.ownership import verify_owner

if TYPE_CHECKING:
    from pathlib import Path

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give directories away")


def test_absent_directory_is_nobodys(tmp_path: Path) -> None:
    assert not verify_owner(tmp_path / "absent", ("edgecert",))
    assert verify_owner(tmp_path, ("edgecert",))


@as_root
def test_hint_is_a_line_to_paste(tmp_path: Path) -> None:
    state = tmp_path / "state dir"
    state.mkdir(mode=0o700)
    os.chown(state, 4_000_000, 0)
    with pytest.raises(PermissionDeniedError) as caught:
        verify_owner(state, ("edgecert", "apply", "-c", "my edge.toml"))
    assert caught.value.hint == "run: sudo -u '#4000000' edgecert apply -c 'my edge.toml'"


@as_root
def test_root_is_not_led_below_a_directory_of_another_user(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    with pytest.raises(PermissionDeniedError) as caught:
        verify_owner(home / "state", ("edgecert",))
    assert caught.value.code == "unsafe-directory"


@pytest.mark.parametrize("mode", [0o720, 0o702])
def test_directory_that_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(mode)
    with pytest.raises(PermissionDeniedError, match=f"{mode:04o}"):
        verify_owner(state, ("edgecert",))
