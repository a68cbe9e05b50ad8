from __future__ import annotations

import os
import socket
import stat
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import LockedError, PermissionDeniedError
from gateway.net.socketfile import SocketFile

if TYPE_CHECKING:
    from pathlib import Path


def test_a_socket_has_its_mode_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        file = SocketFile(tmp_path / "s", 0o660)
        with file.open():
            assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o660
    finally:
        os.umask(before)
        file.close()


def test_the_file_of_a_dead_program_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "s"))
        dead.listen()
    file = SocketFile(tmp_path / "s", 0o600)
    with file.open() as server, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "s"))
        assert server.fileno() >= 0
    file.close()
    assert not (tmp_path / "s").exists()


def test_a_live_program_keeps_its_place(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as live:
        live.bind(str(tmp_path / "s"))
        live.listen()
        with pytest.raises(LockedError):
            SocketFile(tmp_path / "s", 0o600).open()
        assert (tmp_path / "s").exists()


def test_of_two_that_start_at_once_one_gives_way_until_the_other_ends(tmp_path: Path) -> None:
    first, second = SocketFile(tmp_path / "s", 0o600), SocketFile(tmp_path / "s", 0o600)
    with first.open():
        with pytest.raises(LockedError):
            second.open()
        assert (tmp_path / "s").exists()
    first.close()
    second.open().close()
    second.close()


def test_something_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("precious")
    with pytest.raises(PermissionDeniedError):
        SocketFile(tmp_path / "s", 0o600).open()
    assert (tmp_path / "s").read_text() == "precious"


def test_a_missing_directory_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PermissionDeniedError) as caught:
        SocketFile(tmp_path / "absent" / "s", 0o600).open()
    assert "RuntimeDirectory" in caught.value.hint


def test_closing_leaves_a_successors_file(tmp_path: Path) -> None:
    file = SocketFile(tmp_path / "s", 0o600)
    file.open().close()
    (tmp_path / "s").unlink()
    (tmp_path / "s").write_text("another's")
    file.close()
    assert (tmp_path / "s").exists()
