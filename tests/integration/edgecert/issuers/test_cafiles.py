from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.issuers.authority import build_root
from edgecert.issuers.cafiles import CaFiles
from edgecert.model.keys import PrivateKey, generate_key
from edgecert.shared.errors import EdgecertError, LockedError
from tests.support.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509


def authority() -> tuple[PrivateKey, x509.Certificate]:
    key = generate_key("ecdsa", 256)
    return key, build_root(key, label="contoso.com", now=FakeClock().now())


@pytest.fixture
def files(tmp_path: Path) -> CaFiles:
    return CaFiles(tmp_path / "ca", None)


def test_gives_back_what_was_saved(files: CaFiles) -> None:
    with files.lock():
        assert files.load_root() is None
        assert files.current_intermediate() is None
        assert not files.has_root_key()
        key, root = authority()
        files.save_root(key, root)
    assert files.load_root() == root
    assert files.root_key(root).public_key() == key.public_key()


def test_the_newest_intermediate_with_a_certificate_is_the_current_one(files: CaFiles) -> None:
    with files.lock():
        for _ in range(10):
            files.add_intermediate(*authority())
        key, certificate = authority()
        files.add_intermediate(key, certificate)
    stored = files.current_intermediate()
    assert stored is not None
    assert stored.certificate == certificate
    assert stored.directory.name == "0011"
    (stored.directory / "cert.pem").unlink()
    older = files.current_intermediate()
    assert older is not None
    assert older.directory.name == "0010"
    files.add_intermediate(*authority())
    newest = files.current_intermediate()
    assert newest is not None
    assert newest.directory.name == "0011"


@pytest.mark.parametrize(
    ("damage", "code"),
    [("key-gone", "ca-damaged"), ("key-of-another", "key-mismatch"), ("certificate-broken", "ca-damaged")],
)
def test_damage_is_named(files: CaFiles, damage: str, code: str) -> None:
    files.add_intermediate(*authority())
    stored = files.current_intermediate()
    assert stored is not None
    key, certificate = stored.directory / "key.pem", stored.directory / "cert.pem"
    match damage:
        case "key-gone":
            key.unlink()
        case "key-of-another":
            files.add_intermediate(*authority())
            key.write_bytes((stored.directory.parent / "0002" / "key.pem").read_bytes())
            (stored.directory.parent / "0002" / "cert.pem").unlink()
        case _:
            certificate.write_text("-----BEGIN CERTIFICATE-----\n")

    with pytest.raises(EdgecertError) as caught:
        files.intermediate_key(files.current_intermediate() or stored)
    assert caught.value.code == code
    assert caught.value.hint


def test_one_process_at_a_time(files: CaFiles, tmp_path: Path) -> None:
    with files.lock():
        other = CaFiles(tmp_path / "ca", None, lock_timeout=0)
        with pytest.raises(LockedError, match="local CA"), other.lock():
            pytest.fail("two hold the lock")
