from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.challenges.command import CommandSolver
from edgecert.challenges.gateway import GatewaySolver
from edgecert.challenges.manual import ManualSolver
from edgecert.challenges.persist import PersistSolver
from edgecert.challenges.responder import ResponderSolver
from edgecert.challenges.rfc2136 import Rfc2136Solver
from edgecert.challenges.solvers import Solvers
from edgecert.challenges.tlsalpn01 import TlsAlpnSolver
from edgecert.challenges.webroot import WebrootSolver
from edgecert.interfaces import Locating
from edgecert.model.challenge import Challenge
from edgecert.model.request import CertificateRequest, ChallengeOptions
from edgecert.shared.errors import ChallengeError, PermissionDeniedError
from tests.support.clock import FakeClock
from tests.support.net import loopback_net
from tests.support.world import Watcher

if TYPE_CHECKING:
    from pathlib import Path

ONE = Challenge("dns-01", "contoso.com", "contoso.com", "t1", "v1")


@pytest.mark.parametrize(
    ("options", "kind", "follows_cnames"),
    [
        (ChallengeOptions(listen="127.0.0.1:80"), ResponderSolver, False),
        (ChallengeOptions(webroot="/srv/www"), WebrootSolver, False),
        (ChallengeOptions(gateway=True), GatewaySolver, False),
        (ChallengeOptions(type="tls-alpn-01"), TlsAlpnSolver, False),
        (ChallengeOptions(type="dns-persist-01"), PersistSolver, False),
        (ChallengeOptions(type="dns-01", provider="rfc2136", server="127.0.0.1"), Rfc2136Solver, True),
        (ChallengeOptions(type="dns-01", provider="command", command=("hook",)), CommandSolver, True),
        (ChallengeOptions(type="dns-01", provider="manual"), ManualSolver, True),
    ],
)
def test_each_entry_has_its_solver(options: ChallengeOptions, kind: type, follows_cnames: bool) -> None:
    solver = Solvers(CertificateRequest(), FakeClock(), Watcher()).make(options)
    assert type(solver) is kind
    assert isinstance(solver, Locating) is follows_cnames


def rfc2136(**options: str) -> Rfc2136Solver:
    entry = ChallengeOptions(type="dns-01", provider="rfc2136", **options)  # type: ignore[arg-type]  # texts only
    solver = Solvers(CertificateRequest(), FakeClock(), Watcher()).make(entry)
    assert isinstance(solver, Rfc2136Solver)
    return solver


def test_a_dead_primary_server_is_a_challenge_that_could_not_be_published() -> None:
    with loopback_net() as net, pytest.raises(ChallengeError) as caught:
        rfc2136(server=f"{net}1").present((ONE,))
    assert caught.value.code == "nameserver-failed"


def test_a_key_that_others_can_read_signs_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("hmac-sha256:edgecert:c2VjcmV0")
    secret.chmod(0o644)
    with pytest.raises(PermissionDeniedError):
        rfc2136(server="127.0.0.1", tsig_secret_file=str(secret)).present((ONE,))
