from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import StoreError
from edgecert.shared.keywrap import KeyWrapper
from edgecert.shared.secret import Secret
from edgecert.store.layout import Layout
from edgecert.store.requestfiles import RequestFiles
from tests.support.bundles import a_key_pem, a_request

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def files(root: Path) -> RequestFiles:
    return RequestFiles(Layout(root), lambda: KeyWrapper(Secret(b"k" * 32), "store"))


def test_wrapper_is_not_asked_for_keys_in_the_clear(root: Path) -> None:
    files = RequestFiles(Layout(root), lambda: pytest.fail("asked"))
    files.create(a_request("edge", "r1"), a_key_pem(1))
    assert files.key_of(a_request("edge", "r1")) == a_key_pem(1)


def test_leftovers_are_seen_and_swept_at_both_depths(root: Path, files: RequestFiles) -> None:
    files.create(a_request("edge", "r1"), a_key_pem(1))
    assert not files.leftovers("edge")
    (root / "requests/edge/.r2.0123456789ab.tmp").mkdir()
    assert files.leftovers("edge")
    assert files.all_of("edge") == (a_request("edge", "r1"),)
    files.sweep("edge")
    (root / "requests/edge/r1/.request.json.0123456789ab.tmp").touch()
    assert files.leftovers("edge")
    files.sweep("edge")
    assert not files.leftovers("edge")
    assert files.key_of(a_request("edge", "r1")) == a_key_pem(1)


def test_failed_write_leaves_nothing(root: Path) -> None:
    def fail() -> KeyWrapper:
        raise StoreError("no key-encryption key")

    files = RequestFiles(Layout(root), fail)
    with pytest.raises(StoreError):
        files.create(a_request("edge", "r1", exportable=False), a_key_pem(1))
    assert list((root / "requests/edge").iterdir()) == []


def test_request_whose_key_is_missing_is_damaged(root: Path, files: RequestFiles) -> None:
    files.create(a_request("edge", "r1"), a_key_pem(1))
    (root / "requests/edge/r1/key.pem").unlink()
    with pytest.raises(StoreError) as caught:
        files.key_of(a_request("edge", "r1"))
    assert caught.value.code == "bundle-damaged"


def test_removed_request_is_gone(root: Path, files: RequestFiles) -> None:
    files.create(a_request("edge", "r1"), a_key_pem(1))
    files.remove("edge", "r1")
    assert files.all_of("edge") == ()
    shutil.rmtree(root)
    assert files.all_of("edge") == ()
