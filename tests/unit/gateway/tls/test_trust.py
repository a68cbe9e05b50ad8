from __future__ import annotations

import ssl
import warnings
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from edgecert.shared.errors import MaterialError
from gateway.tls.trust import TrustStore, load_trust
from tests.support.pki import Pki, now, to_pem

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


def test_takes_the_systems_roots_one_by_one_and_without_a_word(
    pki: Pki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = x509.CertificateBuilder(pki.root.cert.subject, pki.root.cert.issuer, pki.root.cert.public_key(), 1)
    builder = builder.not_valid_before(now()).not_valid_after(now() + timedelta(days=1))
    zero = (
        builder.sign(pki.root.key, hashes.SHA256())
        .public_bytes(Encoding.DER)
        .replace(b"\x02\x01\x01", b"\x02\x01\x00", 1)
    )
    bundle = tmp_path / "roots.pem"
    damaged = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
    bundle.write_text(ssl.DER_cert_to_PEM_cert(zero) + damaged + to_pem(pki.root.cert).decode())
    monkeypatch.setattr("gateway.tls.trust.SYSTEM_ROOTS", (str(bundle),))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first, second = load_trust("").roots
    assert second == pki.root.cert
    assert first.subject == pki.root.cert.subject


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
