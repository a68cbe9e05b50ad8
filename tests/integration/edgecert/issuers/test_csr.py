from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from edgecert.interfaces import IssueOrder
from edgecert.issuers.csr import CsrIssuer
from edgecert.model.csr import build_csr
from edgecert.model.keys import generate_key
from edgecert.model.request import Subject
from edgecert.model.sanplan import PlannedCertificate, PlannedName
from edgecert.shared.errors import ExitCode, MaterialError, UsageError
from edgecert.shared.names import DnsName

if TYPE_CHECKING:
    from pathlib import Path


def order() -> IssueOrder:
    name = DnsName("sip.contoso.com")
    planned = PlannedCertificate("edge", None, (PlannedName(name, ()),))
    csr = build_csr(generate_key("ecdsa", 256), planned, subject=Subject())
    return IssueOrder("edge", "1", csr, (name,), timedelta(days=90))


def test_writes_the_request_and_says_what_a_person_has_to_do(tmp_path: Path) -> None:
    path, asked = tmp_path / "edge.csr", order()
    issuer = CsrIssuer(path)
    assert issuer.kind == "csr"
    waiting = issuer.issue(asked)
    assert x509.load_pem_x509_csr(path.read_bytes()) == asked.csr
    assert waiting.request_file == str(path)
    assert "edgecert import" in waiting.message
    assert path.stat().st_mode & 0o777 == 0o644


def test_asked_again_it_leaves_the_file_alone(tmp_path: Path) -> None:
    path, asked = tmp_path / "edge.csr", order()
    first = CsrIssuer(path).issue(asked)
    inode = path.stat().st_ino
    assert CsrIssuer(path).issue(asked) == first
    assert path.stat().st_ino == inode


def test_replaces_an_older_request_and_nothing_else(tmp_path: Path) -> None:
    path, newer = tmp_path / "edge.csr", order()
    CsrIssuer(path).issue(order())
    CsrIssuer(path).issue(newer)
    assert x509.load_pem_x509_csr(path.read_bytes()) == newer.csr
    path.write_text("minutes of the meeting\n")
    with pytest.raises(MaterialError) as caught:
        CsrIssuer(path).issue(newer)
    assert caught.value.code == "request-file-taken"
    assert path.read_text() == "minutes of the meeting\n"


def test_a_directory_that_is_not_there_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        CsrIssuer(tmp_path / "nowhere" / "edge.csr").issue(order())
    assert caught.value.code == "request-file-unwritable"
    assert caught.value.exit_code is ExitCode.USAGE
    assert "--request-file" in caught.value.hint
