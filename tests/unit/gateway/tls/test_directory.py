from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import MaterialError
from gateway.tls.directory import read_certificate_dir

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.pki import Issued, Pki


def code_of(directory: Path) -> str:
    with pytest.raises(MaterialError) as caught:
        read_certificate_dir(directory)
    return caught.value.code


def test_finds_pairs_whatever_the_files_are_called(tmp_path: Path, contoso: Issued, fabrikam: Issued) -> None:
    contoso.write(tmp_path, "Contoso.Example")
    live = tmp_path / "fabrikam.example"  # as certbot does it
    live.mkdir()
    (live / "privkey.pem").write_bytes(fabrikam.key_pem)
    (live / "cert.pem").write_bytes(fabrikam.cert_pem)
    (live / "chain.pem").write_bytes(fabrikam.chain_pem)
    (live / "fullchain.pem").write_bytes(fabrikam.fullchain_pem)
    (live / "README").write_text("nothing of use")
    bundles = read_certificate_dir(tmp_path)
    assert [(bundle.meta.name, bundle.certificates) for bundle in bundles] == [
        ("contoso.example", contoso.certificates),
        ("fabrikam.example", fabrikam.certificates),
    ]


def test_key_and_chain_in_one_file(tmp_path: Path, contoso: Issued) -> None:
    (tmp_path / "site.pem").write_bytes(contoso.key_pem + contoso.fullchain_pem)
    (bundle,) = read_certificate_dir(tmp_path)
    assert bundle.certificates == contoso.certificates


def test_a_renewal_has_a_higher_number(tmp_path: Path, pki: Pki) -> None:
    from datetime import timedelta

    from tests.support.pki import now

    pki.issue(["contoso.example"], not_before=now() - timedelta(days=60)).write(tmp_path)
    (old,) = read_certificate_dir(tmp_path)
    pki.issue(["contoso.example"]).write(tmp_path)
    (new,) = read_certificate_dir(tmp_path)
    assert new.meta.name == old.meta.name
    assert new.meta.generation > old.meta.generation


def test_half_written_sets_are_inconsistent(tmp_path: Path, contoso: Issued, fabrikam: Issued) -> None:
    certificate, key = contoso.write(tmp_path)
    key.write_bytes(fabrikam.key_pem)
    assert code_of(tmp_path) == "certificate-dir-inconsistent"
    key.unlink()
    assert code_of(tmp_path) == "certificate-dir-inconsistent"
    key.write_bytes(contoso.key_pem)
    certificate.write_bytes(contoso.cert_pem[:200])
    assert code_of(tmp_path) == "certificate-dir-inconsistent"


def test_nothing_there_is_told(tmp_path: Path) -> None:
    assert code_of(tmp_path) == "certificate-dir-empty"
    assert code_of(tmp_path / "absent") == "certificate-dir-unreadable"


def test_unreadable_parts_are_named(tmp_path: Path, contoso: Issued) -> None:
    contoso.write(tmp_path)
    (tmp_path / "broken.key").write_text("-----BEGIN PRIVATE KEY-----\nnothing\n-----END PRIVATE KEY-----\n")
    assert code_of(tmp_path) == "certificate-dir-inconsistent"
    (tmp_path / "broken.key").unlink()
    (tmp_path / "broken.crt").write_text("-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n")
    assert code_of(tmp_path) == "certificate-dir-inconsistent"
