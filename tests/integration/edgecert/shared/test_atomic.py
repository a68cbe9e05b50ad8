from __future__ import annotations

import os
import signal
import stat
from typing import TYPE_CHECKING

import pytest

from edgecert.shared import atomic
from edgecert.shared.errors import LockedError
from tests.support.forks import run_forked

if TYPE_CHECKING:
    from pathlib import Path

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_writes_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    old = os.umask(0)
    try:
        atomic.write_file(path, b"first")
    finally:
        os.umask(old)
    assert (path.read_bytes(), mode_of(path)) == (b"first", 0o600)
    atomic.write_file(path, b"second", 0o644)
    assert (path.read_bytes(), mode_of(path)) == (b"second", 0o644)
    assert os.listdir(tmp_path) == ["key.pem"]  # noqa: PTH208  # hidden leftovers too


def test_replaces_a_symlink_instead_of_following_it(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"theirs")
    (tmp_path / "link").symlink_to(victim)
    atomic.write_file(tmp_path / "link", b"ours")
    assert victim.read_bytes() == b"theirs"
    assert not (tmp_path / "link").is_symlink()


def test_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "busy"
    path.mkdir()
    (path / "content").write_bytes(b"x")
    with pytest.raises(OSError, match="directory"):
        atomic.write_file(path, b"new")
    assert os.listdir(tmp_path) == ["busy"]  # noqa: PTH208  # hidden leftovers too


@as_root
def test_gives_the_file_to_its_owner_before_it_appears(tmp_path: Path) -> None:
    atomic.write_file(tmp_path / "key", b"x", 0o640, owner=(65534, 65534))
    status = (tmp_path / "key").stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (65534, 65534, 0o640)


def test_create_file_never_replaces(tmp_path: Path) -> None:
    path = tmp_path / "kek"
    atomic.create_file(path, b"one", 0o400)
    with pytest.raises(FileExistsError):
        atomic.create_file(path, b"two", 0o400)
    assert (path.read_bytes(), mode_of(path)) == (b"one", 0o400)
    assert os.listdir(tmp_path) == ["kek"]  # noqa: PTH208  # hidden leftovers too


def test_replaces_symlink(tmp_path: Path) -> None:
    atomic.replace_symlink(tmp_path / "current", "0001")
    atomic.replace_symlink(tmp_path / "current", "0002")
    assert str((tmp_path / "current").readlink()) == "0002"


def test_makes_directories_private_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        atomic.make_directory(tmp_path / "a" / "b")
    finally:
        os.umask(old)
    assert mode_of(tmp_path / "a") == mode_of(tmp_path / "a" / "b") == 0o700
    atomic.make_directory(tmp_path / "a" / "b")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        atomic.make_directory(tmp_path / "file")


def test_rename_directory_refuses_what_is_there(tmp_path: Path) -> None:
    for name in ("old", "new"):
        atomic.make_directory(tmp_path / name)
        (tmp_path / name / "x").write_text(name)
    with pytest.raises(FileExistsError):
        atomic.rename_directory(tmp_path / "old", tmp_path / "new")
    assert (tmp_path / "new" / "x").read_text() == "new"


def test_sweep_takes_leftovers_and_nothing_else(tmp_path: Path) -> None:
    left = atomic.aside(tmp_path / "0007")
    left.mkdir()
    (left / "key.pem").touch()
    for name in ("0007", ".hidden", "notes.tmp"):
        (tmp_path / name).touch()
    assert atomic.sweep(tmp_path) == (left.name,)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "0007", "notes.tmp"]
    assert atomic.sweep(tmp_path / "absent") == ()


def test_crash_point_kills_at_the_counted_one(tmp_path: Path) -> None:
    def write(label: str) -> int:
        return run_forked(lambda: atomic.write_file(tmp_path / "f", b"new"), crash_at=label)

    atomic.write_file(tmp_path / "f", b"old")
    assert write("file-synced:1") == -signal.SIGKILL
    assert (tmp_path / "f").read_bytes() == b"old"
    assert write("file-synced:2") == 0
    assert (tmp_path / "f").read_bytes() == b"new"
    assert write("no-such-point:1") == 0


def test_lock_names_its_holder_and_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "edge.lock"
    with atomic.FileLock(path, what="certificate edge"):
        with pytest.raises(LockedError) as caught, atomic.FileLock(path, what="certificate edge"):
            pytest.fail("two held the lock")
        assert f"process {os.getpid()}" in caught.value.message
        assert "certificate edge" in caught.value.message
        assert "--lock-timeout" in caught.value.hint
    with atomic.FileLock(path):
        pass


def test_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    def take_and_die() -> None:
        with atomic.FileLock(tmp_path / "lock"):
            atomic.crash_point("holding")

    assert run_forked(take_and_die, crash_at="holding:1") == -signal.SIGKILL
    with atomic.FileLock(tmp_path / "lock"):
        pass


def test_lock_waits_for_a_holder_that_ends(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:  # holds the lock until the parent closes its end
        try:
            os.close(writer)
            with atomic.FileLock(tmp_path / "lock"):
                (tmp_path / "held").touch()
                os.read(reader, 1)
        finally:
            os._exit(0)
    os.close(reader)
    while not (tmp_path / "held").exists():
        os.sched_yield()
    with pytest.raises(LockedError, match=str(child)), atomic.FileLock(tmp_path / "lock"):
        pytest.fail("two held the lock")
    os.close(writer)
    with atomic.FileLock(tmp_path / "lock", 30.0):
        pass
    os.waitpid(child, 0)
