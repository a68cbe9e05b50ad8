"""``import``: what a CA sent, and foreign PKCS#12 files."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.cli import Host, Ran


LEAF = ("-addext", "basicConstraints=critical,CA:FALSE")


def openssl(*arguments: str, cwd: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)  # the peer


@pytest.fixture
def answered(host: Host) -> Host:
    """A CSR written, and an answer from an ``openssl`` CA beside it."""
    host.write(kind="csr")
    host.apply("--request-file", str(host.directory / "edge.csr"))
    make_ca(host.directory)
    sign(host.directory, "edge")
    return host


def make_ca(cwd: Path) -> None:
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    ca = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl("req", "-x509", *curve, "-subj", "/CN=Test CA", "-keyout", "ca.key", "-out", "ca.pem", *ca, cwd=cwd)


def sign(cwd: Path, stem: str) -> None:
    signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-copy_extensions", "copyall", "-days", "90")
    openssl("x509", "-req", "-in", f"{stem}.csr", *signing, "-out", f"{stem}.crt", cwd=cwd)


def import_file(host: Host, name: str, *arguments: str) -> Ran:
    return host.run("import", str(host.directory / name), *arguments)


def test_a_pem_answer_completes_the_request(answered: Host) -> None:
    ran = import_file(answered, "edge.crt", "--trust", str(answered.directory / "ca.pem"))
    assert ran.code == 0
    assert ran.result["certificates"][0]["action"] == "imported"
    assert ran.document["warnings"] == []
    assert answered.apply("--request-file", str(answered.directory / "edge.csr")).code == 0
    assert (answered.directory / "certs" / "fullchain.pem").exists()


@pytest.mark.parametrize("form", ["DER", "PEM"])
def test_a_pkcs7_answer_with_its_root(answered: Host, form: str) -> None:
    files = ("-certfile", "ca.pem", "-certfile", "edge.crt")
    openssl("crl2pkcs7", "-nocrl", *files, "-outform", form, "-out", "edge.p7b", cwd=answered.directory)
    assert import_file(answered, "edge.p7b").code == 0


def test_an_untrusted_root_is_a_warning(answered: Host) -> None:
    ran = import_file(answered, "edge.crt", "--chain", str(answered.directory / "ca.pem"))
    assert ran.code == 0
    assert [finding["code"] for finding in ran.result["findings"]] == ["untrusted-root"]


def test_the_answer_to_another_request_is_refused(answered: Host, tmp_path: Path) -> None:
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", *LEAF)
    openssl("req", "-x509", *curve, "-subj", "/CN=other", "-keyout", "o.key", "-out", "other.crt", cwd=tmp_path)
    ran = import_file(answered, "other.crt")
    assert (ran.code, ran.error_code) == (1, "no-matching-request")


@pytest.mark.parametrize("legacy", [(), ("-legacy",)])
def test_a_foreign_pkcs12_becomes_a_lineage(host: Host, legacy: tuple[str, ...]) -> None:
    cwd = host.directory
    make_ca(cwd)
    key = ("-newkey", "rsa:2048", "-nodes", "-addext", "subjectAltName=DNS:sip.contoso.example", *LEAF)
    openssl("req", *key, "-subj", "/CN=sip.contoso.example", "-keyout", "o.key", "-out", "o.csr", cwd=cwd)
    sign(cwd, "o")
    (cwd / "password").write_text("secret\n")
    (cwd / "password").chmod(0o600)
    files = ("-inkey", "o.key", "-in", "o.crt", "-certfile", "ca.pem", "-name", "Old edge", "-passout", "pass:secret")
    openssl("pkcs12", "-export", *legacy, *files, "-out", "old.pfx", cwd=cwd)
    ran = import_file(host, "old.pfx", "--name", "old", "--password-file", str(cwd / "password"))
    assert ran.code == 0
    assert ran.result["certificates"][0]["friendly_name"] == "Old edge"
    assert import_file(host, "old.pfx", "--name", "old").code != 0


def test_a_missing_file_is_a_usage_error(host: Host) -> None:
    ran = import_file(host, "nothing.crt")
    assert (ran.code, ran.error_code) == (2, "unreadable-file")
