"""What a CA sent is looked at: whose answer, the chain, other names, a request that was picked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.model.request import CertificateOptions, CertificateRequest, IssuerOptions, Topology
from edgecert.wizard.looking import look_at_answer
from edgecert.wizard.views import AnswerGiven
from edgecert.wizard.work import Silence
from tests.support.pki import Pki
from tests.support.signing import sign
from tests.support.wizard import work_in

if TYPE_CHECKING:
    from pathlib import Path

    from edgecert.wizard.work import Work


@pytest.fixture
def work(tmp_path: Path) -> Work:
    made = work_in(tmp_path)
    request = CertificateRequest(
        certificate=CertificateOptions(name="edge", key_algorithm="ecdsa"),
        topology=Topology(access_edge="sip.contoso.com"),
        issuer=IssuerOptions(kind="csr", request_file=str(tmp_path / "edge.csr")),
    )
    made.issue(request, None, Silence())
    return made


def test_a_root_that_is_trusted_leaves_no_doubt(work: Work, tmp_path: Path) -> None:
    pki = Pki.create(tmp_path / "pki")
    given = AnswerGiven(sign(pki, tmp_path / "edge.csr"))
    store, now = work.wiring().store, work.now()
    assert look_at_answer(store, given, [pki.root.cert], now).notes == ()
    doubted = look_at_answer(store, given, [], now)
    assert doubted.fault is None
    assert "private CA" in doubted.notes[0]


def test_other_names_and_another_request_are_told(work: Work, tmp_path: Path) -> None:
    pki = Pki.create(tmp_path / "pki")
    answer = sign(pki, tmp_path / "edge.csr", "www.contoso.com")
    store, now = work.wiring().store, work.now()
    request = store.requests("edge")[0]
    view = look_at_answer(store, AnswerGiven(answer, request=request.id), [], now)
    assert view.fault is None
    assert "www.contoso.com" in view.other_names[0]
    other = look_at_answer(store, AnswerGiven(answer, request="another"), [], now)
    assert other.request == request
    assert other.fault is not None
    assert other.fault.code == "other-lineage"
    assert request.id in other.fault.message
