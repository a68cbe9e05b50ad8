"""Which adapter stands behind which interface."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from edgecert.deploy.files import FilesDeployer
from edgecert.deploy.gateway import GatewayDeployer
from edgecert.issuers.csr import CsrIssuer
from edgecert.issuers.local import LocalIssuer
from edgecert.model.request import ChallengeOptions, DeployTarget, IssuerOptions
from edgecert.shared.errors import ConfigError, MaterialError
from edgecert.wiring import Wiring
from tests.support.clock import FakeClock
from tests.support.world import Watcher, a_request

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def wiring(tmp_path: Path) -> Wiring:
    """A wiring over an empty directory."""
    return Wiring(tmp_path / "state", tmp_path / "kek", {}, FakeClock(), Watcher())


def test_issuers_by_kind(wiring: Wiring) -> None:
    request = a_request("edge")
    assert isinstance(wiring.issuer(request), LocalIssuer)
    assert isinstance(wiring.issuer(replace(request, issuer=IssuerOptions(kind="csr"))), CsrIssuer)
    challenges = (ChallengeOptions(listen="127.0.0.1:80"),)
    options = IssuerOptions(kind="acme", directory="https://ca/d", accept_terms=True, challenges=challenges)
    assert wiring.issuer(replace(request, issuer=options)).kind == "acme"


def test_all_that_acme_lacks_is_told_at_once(wiring: Wiring) -> None:
    with pytest.raises(ConfigError) as refused:
        wiring.issuer(replace(a_request("edge"), issuer=IssuerOptions(kind="acme")))
    told = [problem.key for problem in refused.value.problems]
    assert told == ["issuer.directory", "issuer.accept_terms", "issuer.challenges"]


def test_deployers_by_kind(wiring: Wiring, tmp_path: Path) -> None:
    assert isinstance(wiring.deployer(DeployTarget(name="gw")), GatewayDeployer)
    files = DeployTarget(name="files", kind="files", directory=str(tmp_path))
    assert isinstance(wiring.deployer(files), FilesDeployer)


def test_a_new_kek_is_said_aloud_and_one_in_the_state_directory_refused(wiring: Wiring, tmp_path: Path) -> None:
    request = a_request("edge")
    sealed = replace(request, certificate=replace(request.certificate, exportable=False))
    wiring.local_ca(sealed)
    assert isinstance(wiring.progress, Watcher)
    assert wiring.progress.codes == ["kek-created"]
    inside = Wiring(tmp_path / "state", tmp_path / "state" / "kek", {}, FakeClock(), Watcher())
    with pytest.raises(MaterialError) as refused:
        inside.local_ca(sealed)
    assert refused.value.code == "kek-inside-store"
