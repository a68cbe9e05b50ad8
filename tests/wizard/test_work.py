"""What the wizard has done for it, over a real store, the local CA and files."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from edgecert.model.request import (
    CertificateOptions,
    CertificateRequest,
    DeployTarget,
    IssuerOptions,
    Topology,
)
from edgecert.shared.clock import SystemClock
from edgecert.shared.errors import MaterialError, StoreError, UsageError
from edgecert.wiring import Wiring
from edgecert.wizard.views import AnswerGiven
from edgecert.wizard.work import Silence, Work
from tests.support.pki import Pki, now
from tests.support.signing import sign

if TYPE_CHECKING:
    from pathlib import Path

    from edgecert.interfaces import Progress


def request_for(
    directory: Path, *, kind: str = "local", exportable: bool = True, targets: bool = True
) -> CertificateRequest:
    (directory / "certs").mkdir(exist_ok=True)
    target = DeployTarget(name="web", kind="files", directory=str(directory / "certs"), plaintext_key=True)
    return CertificateRequest(
        certificate=CertificateOptions(name="edge", key_algorithm="ecdsa", exportable=exportable),
        topology=Topology(access_edge="sip.contoso.com"),
        issuer=IssuerOptions(kind="csr" if kind == "csr" else "local", request_file=str(directory / "edge.csr")),
        deploy=(target,) if targets else (),
    )


class Steps(Silence):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @override
    def step(self, text: str) -> None:
        self.told.append(text)


@pytest.fixture
def work(tmp_path: Path) -> Work:
    def wiring_for(progress: Progress, state_dir: Path | None = None) -> Wiring:
        place = state_dir or tmp_path / "state"
        return Wiring(place, tmp_path / "kek", {}, SystemClock(), progress)

    return Work(wiring_for)


def test_a_certificate_is_issued_deployed_renewed_and_rolled_back(work: Work, tmp_path: Path) -> None:
    steps = Steps()
    flags_file = tmp_path / "edge.toml"
    flags_file.write_text("version = 1\n", encoding="utf-8")
    (applied,) = work.issue(request_for(tmp_path), flags_file, steps)
    assert applied.outcome.action == "issued"
    assert any("generation 1 stored" in text for text in steps.told)
    assert not (tmp_path / "certs/fullchain.pem").exists(), "nothing is deployed by issuing"
    (held,) = work.held()
    assert (held.name, held.deployed, held.has_targets) == ("edge", "nowhere", True)
    (result,) = work.deploy("edge", steps)
    assert result.deployment.serving == 1
    assert work.renew("edge", steps).action == "renewed"
    bundle, _results = work.rollback("edge", steps, "calls fail")
    assert bundle.meta.generation == 1
    assert work.settings_of("edge") == request_for(tmp_path)
    assert "web: unverified" in work.held()[0].deployed


def test_a_date_is_kept_and_a_bad_one_refused(work: Work, tmp_path: Path) -> None:
    work.issue(request_for(tmp_path), None, Silence())
    when = now() + timedelta(hours=1)
    assert work.stage("edge", when, Silence()).handed == ()
    assert work.held()[0].staged.startswith("1 → ")
    for bad in (now() - timedelta(hours=1), now() + timedelta(days=400)):
        with pytest.raises(UsageError):
            work.stage("edge", bad, Silence())


def test_a_test_run_leaves_nothing_behind(work: Work, tmp_path: Path) -> None:
    trial = work.test_run(request_for(tmp_path), Silence())
    assert not trial.issued
    assert "would be issued" in trial.lines[0]
    assert not (tmp_path / "state").exists()
    work.issue(request_for(tmp_path), None, Silence())
    assert "is as wanted already" in work.test_run(request_for(tmp_path), Silence()).lines[0]


def test_what_the_ca_sent_is_looked_at_before_it_is_taken(work: Work, tmp_path: Path) -> None:
    work.issue(request_for(tmp_path, kind="csr"), None, Silence())
    pki = Pki.create(tmp_path / "pki")
    answer = sign(pki, tmp_path / "edge.csr")
    leaf_only = answer[answer.rindex(b"-----BEGIN") :]

    view = work.look_at_answer(AnswerGiven(answer))
    assert view.fault is None
    assert view.request is not None
    assert len(view.chain) == 2
    assert "private CA" in view.notes[0]

    broken = work.look_at_answer(AnswerGiven(leaf_only))
    assert isinstance(broken.fault, MaterialError)
    assert broken.fault.code == "chain-incomplete"
    mended = work.look_at_answer(AnswerGiven(leaf_only, answer))
    assert mended.fault is None

    assert work.look_at_answer(AnswerGiven(b"nothing")).fault is not None
    other = work.look_at_answer(AnswerGiven(pki.issue(["x.example"]).cert_pem))
    assert other.fault is not None
    assert other.fault.code == "no-matching-request"

    assert work.take_answer(AnswerGiven(leaf_only, answer), Silence()).action == "imported"
    assert work.held()[0].requests == ()


def test_a_certificate_is_exported_in_each_form(work: Work, tmp_path: Path) -> None:
    work.issue(request_for(tmp_path), None, Silence())
    for form in ("pkcs12", "pem", "chain"):
        password = work.export("edge", tmp_path / form, form=form)
        assert bool(password) is (form == "pkcs12")
        assert (tmp_path / form).stat().st_mode & 0o777 == (0o644 if form == "chain" else 0o600)
    assert b"PRIVATE KEY" in (tmp_path / "pem").read_bytes()
    assert b"PRIVATE KEY" not in (tmp_path / "chain").read_bytes()


def test_a_key_that_is_not_exportable_stays(work: Work, tmp_path: Path) -> None:
    work.issue(request_for(tmp_path, exportable=False), None, Silence())
    with pytest.raises(UsageError):
        work.export("edge", tmp_path / "pem", form="pem")
    work.export("edge", tmp_path / "chain", form="chain")


def test_what_is_in_service_is_not_removed(work: Work, tmp_path: Path) -> None:
    work.issue(request_for(tmp_path), None, Silence())
    work.deploy("edge", Silence())
    with pytest.raises(UsageError) as refused:
        work.remove("edge")
    assert refused.value.code == "in-service"


def test_what_serves_nowhere_is_removed(work: Work, tmp_path: Path) -> None:
    work.issue(request_for(tmp_path, targets=False), None, Silence())
    with pytest.raises(StoreError):
        work.deploy("edge", Silence())
    work.remove("edge")
    assert work.held() == ()


def test_there_is_no_bundle_of_what_waits(work: Work, tmp_path: Path) -> None:
    work.issue(request_for(tmp_path, kind="csr"), None, Silence())
    with pytest.raises(StoreError):
        work.bundle("edge")
