from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from edgecert.shared import keyfile
from edgecert.shared.errors import MaterialError, StoreError
from edgecert.shared.keywrap import KeyWrapper
from edgecert.shared.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

WRAPPER = KeyWrapper(Secret(b"k" * 32), "store")
KEY = Secret(b"key")


def test_reader_stays_with_the_directory_it_opened(tmp_path: Path) -> None:
    for number in ("1", "2"):
        (tmp_path / number).mkdir()
        (tmp_path / number / "file").write_text(number)
    (tmp_path / "current").symlink_to("1")
    with keyfile.open_directory(tmp_path / "current") as directory:
        (tmp_path / "current").unlink()
        (tmp_path / "current").symlink_to("2")
        assert keyfile.read_file(directory, "file") == b"1"


def test_wrapped_key_needs_its_wrapper(tmp_path: Path) -> None:
    keyfile.write_key(tmp_path, KEY, WRAPPER, "ab")
    with keyfile.open_directory(tmp_path) as directory:
        assert keyfile.read_key(directory, WRAPPER, "ab", tmp_path) == KEY
        with pytest.raises(MaterialError) as caught:
            keyfile.read_key(directory, None, "ab", tmp_path)
    assert caught.value.code == "kek-missing"


def test_missing_key_is_damage(tmp_path: Path) -> None:
    with keyfile.open_directory(tmp_path) as directory, pytest.raises(StoreError, match="no key"):
        keyfile.read_key(directory, WRAPPER, "ab", tmp_path)


def test_key_is_never_replaced(tmp_path: Path) -> None:
    keyfile.write_key(tmp_path, KEY, None, "ab")
    with pytest.raises(FileExistsError):
        keyfile.write_key(tmp_path, Secret(b"other"), None, "ab")
    assert (tmp_path / "key.pem").read_bytes() == b"key"


def test_refuses_an_oversized_file(tmp_path: Path) -> None:
    (tmp_path / "big").touch()
    os.truncate(tmp_path / "big", keyfile.FILE_LIMIT + 1)
    with keyfile.open_directory(tmp_path) as directory, pytest.raises(OSError, match="octets"):
        keyfile.read_file(directory, "big")
