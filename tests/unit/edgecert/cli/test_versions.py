from __future__ import annotations

from edgecert.cli.versions import library_versions


def test_both_openssls_are_told_apart() -> None:
    found = library_versions()
    assert found["openssl (cryptography)"].startswith("OpenSSL")
    assert found["openssl (python)"].startswith("OpenSSL")
    assert all(found.values())
