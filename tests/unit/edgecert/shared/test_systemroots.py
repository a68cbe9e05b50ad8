from __future__ import annotations

import ssl
import warnings
from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from edgecert.shared.systemroots import load_system_roots
from tests.support.pki import Authority, now, to_pem

if TYPE_CHECKING:
    from pathlib import Path


def test_takes_the_roots_one_by_one_and_without_a_word(tmp_path: Path) -> None:
    root = Authority.create("Root")
    builder = x509.CertificateBuilder(root.cert.subject, root.cert.issuer, root.cert.public_key(), 1)
    builder = builder.not_valid_before(now()).not_valid_after(now() + timedelta(days=1))
    made = builder.sign(root.key, hashes.SHA256()).public_bytes(Encoding.DER)
    zero = made.replace(b"\x02\x01\x01", b"\x02\x01\x00", 1)
    damaged = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
    bundle = tmp_path / "roots.pem"
    bundle.write_text(ssl.DER_cert_to_PEM_cert(zero) + damaged + to_pem(root.cert).decode())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        roots = load_system_roots([str(tmp_path / "absent"), str(bundle)])
    assert roots is not None
    assert [each.subject for each in roots] == [root.cert.subject] * 2
    assert roots[1] == root.cert


def test_a_system_without_any_is_told_from_one_that_trusts_nobody(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert load_system_roots([str(tmp_path / "absent")]) is None
    assert load_system_roots([str(tmp_path / "empty")]) == ()
