from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import MaterialError
from edgecert.shared.systemroots import load_system_roots
from gateway.tls.trust import TrustStore, load_trust
from tests.support.pki import Pki, now

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.pki import Issued


def test_takes_a_chain_to_its_root(pki: Pki, contoso: Issued) -> None:
    TrustStore([pki.root.cert]).verify_chain(contoso.certificates, now=now())


def test_refuses_a_chain_without_its_intermediate(pki: Pki, contoso: Issued) -> None:
    with pytest.raises(MaterialError) as caught:
        TrustStore([pki.root.cert]).verify_chain([contoso.cert], now=now())
    assert caught.value.code == "untrusted"


def test_trusts_nobody_without_roots(contoso: Issued) -> None:
    with pytest.raises(MaterialError):
        TrustStore(()).verify_chain(contoso.certificates, now=now())


def test_reads_the_roots_of_a_file(pki: Pki) -> None:
    assert load_trust(str(pki.ca_file)).roots == (pki.root.cert,)


def test_without_a_file_the_systems_roots_are_trusted() -> None:
    assert load_trust("").roots == (load_system_roots() or ())


@pytest.mark.parametrize("content", [None, b"nothing of use\n"])
def test_says_which_file_is_unreadable(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "roots.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MaterialError, match=r"roots\.pem") as caught:
        load_trust(str(path))
    assert caught.value.code == "trust-unreadable"


def test_a_stranger_with_the_same_names_is_not_trusted(pki: Pki, tmp_path: Path) -> None:
    stranger = Pki.create(tmp_path)
    with pytest.raises(MaterialError):
        TrustStore([pki.root.cert]).verify_chain(stranger.issue(["contoso.example"]).certificates, now=now())
