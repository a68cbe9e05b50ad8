from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.issuers.acme.accountfiles import AccountFiles
from edgecert.shared.chain import spki_sha256
from edgecert.shared.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://acme.example.net/directory"


def test_each_directory_and_account_has_a_place_of_its_own(tmp_path: Path) -> None:
    places = {AccountFiles(tmp_path, url, name).path for url in (URL, f"{URL}2") for name in ("default", "lab")}
    assert len(places) == 4
    assert all(place.name.startswith("acme.example.net-") for place in places)


def test_the_key_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    first, second = AccountFiles(tmp_path, URL, "default"), AccountFiles(tmp_path, URL, "default")
    assert spki_sha256(first.key().public_key()) == spki_sha256(second.key().public_key())
    assert (first.path / "key.pem").stat().st_mode & 0o777 == 0o600
    assert first.path.stat().st_mode & 0o777 == 0o700


def test_the_record_comes_back_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    files = AccountFiles(tmp_path, URL, "default")
    assert files.load() is None
    files.key()
    assert files.save("https://ca/account/1", ("mailto:pki@contoso.com",)) == files.load()
    (files.path / "account.json").write_text("{", encoding="utf-8")
    with pytest.raises(StoreError) as caught:
        files.load()
    assert caught.value.code == "record-damaged"
    files.forget()
    assert files.load() is None
