from __future__ import annotations

import base64
import os
import stat
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import ExitCode, MaterialError, PermissionDeniedError
from edgecert.shared.keywrap import KeyWrapper, load_kek
from edgecert.shared.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from edgecert.shared.keywrap import LoadedKek

KEK = Secret(bytes(range(32)))
KEY = Secret(b"-----BEGIN PRIVATE KEY-----\n")


def test_unwraps_what_it_wrapped_and_hides_it() -> None:
    wrapper = KeyWrapper(KEK, "store")
    blob = wrapper.wrap(KEY, "ab")
    assert wrapper.unwrap(blob, "ab") == KEY
    assert KEY.reveal() not in blob
    assert wrapper.wrap(KEY, "ab") != blob  # a fresh nonce each time


@pytest.mark.parametrize(
    ("kek", "store_id", "spki"),
    [(Secret(b"x" * 32), "store", "ab"), (KEK, "other", "ab"), (KEK, "store", "cd"), (KEK, "sto", "re\0ab")],
    ids=["other KEK", "other store", "other key", "shifted boundary"],
)
def test_moved_blob_does_not_open(kek: Secret, store_id: str, spki: str) -> None:
    blob = KeyWrapper(KEK, "store").wrap(KEY, "ab")
    with pytest.raises(MaterialError) as caught:
        KeyWrapper(kek, store_id).unwrap(blob, spki)
    assert caught.value.code == "key-unwrap-failed"


@pytest.mark.parametrize("position", [0, 8, 25, -1])
def test_changed_blob_does_not_open(position: int) -> None:
    blob = bytearray(KeyWrapper(KEK, "store").wrap(KEY, "ab"))
    blob[position] ^= 1
    with pytest.raises(MaterialError):
        KeyWrapper(KEK, "store").unwrap(bytes(blob), "ab")


@pytest.mark.parametrize("blob", [b"", b"ECWRAP1\n", b"ECWRAP1\nshort", KEY.reveal()])
def test_what_is_no_blob_does_not_open(blob: bytes) -> None:
    with pytest.raises(MaterialError):
        KeyWrapper(KEK, "store").unwrap(blob, "ab")


def test_refuses_a_short_kek() -> None:
    with pytest.raises(MaterialError) as caught:
        KeyWrapper(Secret(b"short"), "store")
    assert caught.value.code == "kek-malformed"


def load(kek_file: Path, *, create: bool = True, environ: Mapping[str, str] | None = None) -> LoadedKek:
    return load_kek(credential="edgecert-kek", kek_file=kek_file, create=create, environ=environ or {})


def test_makes_the_kek_once_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "etc" / "kek"
    first, second = load(path), load(path)
    assert (first.created, second.created) == (True, False)
    assert first.secret == second.secret
    assert len(first.secret.reveal()) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert first.path == path


def test_missing_kek_is_not_made_unless_asked(tmp_path: Path) -> None:
    with pytest.raises(MaterialError) as caught:
        load(tmp_path / "kek", create=False)
    assert caught.value.code == "kek-missing"
    assert "backup" in caught.value.hint


@pytest.mark.parametrize("content", [KEK.reveal(), base64.b64encode(KEK.reveal()) + b"\n", KEK.reveal().hex().encode()])
def test_takes_raw_base64_and_hex(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "kek").write_bytes(content)
    (tmp_path / "kek").chmod(0o400)
    assert load(tmp_path / "kek").secret == KEK


def test_credential_comes_first(tmp_path: Path) -> None:
    (tmp_path / "edgecert-kek").write_bytes(KEK.reveal())
    loaded = load(tmp_path / "etc" / "kek", environ={"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert (loaded.secret, loaded.created) == (KEK, False)
    assert not (tmp_path / "etc").exists()


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o644, 0o420])
def test_refuses_a_kek_that_others_can_read(tmp_path: Path, mode: int) -> None:
    load(tmp_path / "kek")
    (tmp_path / "kek").chmod(mode)
    with pytest.raises(PermissionDeniedError) as caught:
        load(tmp_path / "kek")
    assert (caught.value.code, caught.value.exit_code) == ("kek-readable", ExitCode.PERMISSION)
    assert f"{mode:04o}" in caught.value.message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_refuses_a_kek_of_a_third_user(tmp_path: Path) -> None:
    load(tmp_path / "kek")
    os.chown(tmp_path / "kek", 65534, 65534)
    with pytest.raises(PermissionDeniedError, match="65534"):
        load(tmp_path / "kek")


def test_refuses_a_kek_in_the_state_directory(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "state")
    for path in (tmp_path / "state" / "kek", tmp_path / "link" / "kek"):
        with pytest.raises(MaterialError) as caught:
            load_kek(credential="", kek_file=path, create=True, environ={}, outside=tmp_path / "state")
        assert caught.value.code == "kek-inside-store"
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"not base64!", base64.b64encode(b"x" * 16)])
def test_refuses_what_is_no_kek(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "kek").write_bytes(content)
    (tmp_path / "kek").chmod(0o400)
    with pytest.raises(MaterialError) as caught:
        load(tmp_path / "kek")
    assert caught.value.code == "kek-malformed"


def test_kek_is_never_shown(tmp_path: Path) -> None:
    assert "***" in repr(load(tmp_path / "kek"))
