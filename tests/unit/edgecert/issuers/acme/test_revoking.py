"""Revoked by the account, or by the certificate's own key where there is no such account (RFC 8555 §7.6)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from edgecert.issuers.acme.assembly import Acme
from edgecert.issuers.acme.problems import AcmeProblemError
from edgecert.model.csr import build_csr
from edgecert.model.keys import generate_key, key_to_pem
from edgecert.model.request import ChallengeOptions, IssuerOptions, Subject
from edgecert.model.sanplan import PlannedCertificate, PlannedName
from edgecert.shared.names import parse_name
from tests.support.acmeparts import an_order
from tests.support.acmeserver import AcmeServer, MemorySolver
from tests.support.clock import FakeClock
from tests.support.world import Watcher

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509

    from edgecert.shared.secret import Secret


class Issued:
    """A certificate of a server's, issued for an account below ``tmp_path``."""

    def __init__(self, directory: Path, algorithm: str = "ecdsa", bits: int = 256) -> None:
        solver, clock = MemorySolver(), FakeClock()
        self.server = AcmeServer(directory / "ca", solver, clock=clock.now)
        self.clock = clock
        self.solver = solver
        key = generate_key(algorithm, bits)
        self.key: Secret = key_to_pem(key)
        name = parse_name("sip.contoso.com")
        planned = PlannedCertificate("edge", None, (PlannedName(name, ()),))
        order = replace(an_order("sip.contoso.com"), csr=build_csr(key, planned, subject=Subject(), names_only=True))
        (directory / "one" / "requests" / "edge" / "request-1").mkdir(parents=True)
        issued = self.acme(directory / "one").issue(order)
        self.leaf: x509.Certificate = issued.certificates[0]  # type: ignore[union-attr]  # nobody has to be waited for

    def acme(self, state: Path) -> Acme:
        options = IssuerOptions(
            kind="acme",
            directory=self.server.url,
            accept_terms=True,
            challenges=(ChallengeOptions(type="http-01", listen="127.0.0.1:80"),),
        )
        return Acme(options, state, self.clock, lambda _: None, Watcher(), lambda _: self.solver, lambda _: self.server)


def test_by_its_account_and_the_second_time_it_was_revoked_earlier(tmp_path: Path) -> None:
    issued = Issued(tmp_path)
    acme = issued.acme(tmp_path / "one")
    assert acme.revoke(issued.leaf, issued.key, 4) == "account"
    assert issued.server.ca.find(issued.leaf).revoked == 4
    assert acme.revoke(issued.leaf, issued.key, 4) == "earlier"


@pytest.mark.parametrize(("algorithm", "bits"), [("ecdsa", 256), ("ecdsa", 384), ("rsa", 2048)])
def test_by_its_own_key_where_there_is_no_account_and_none_is_opened(tmp_path: Path, algorithm: str, bits: int) -> None:
    issued = Issued(tmp_path, algorithm, bits)
    assert issued.acme(tmp_path / "two").revoke(issued.leaf, issued.key, 1) == "certificate-key"
    assert issued.server.ca.find(issued.leaf).revoked == 1
    assert not (tmp_path / "two" / "accounts").exists()


def test_by_its_own_key_where_the_account_is_another(tmp_path: Path) -> None:
    issued = Issued(tmp_path)
    other = issued.acme(tmp_path / "two")
    with other.account() as account:
        assert account.url
    assert other.revoke(issued.leaf, issued.key, 0) == "certificate-key"


def test_by_nobody_elses_key(tmp_path: Path) -> None:
    issued = Issued(tmp_path)
    with pytest.raises(AcmeProblemError) as caught:
        issued.acme(tmp_path / "two").revoke(issued.leaf, key_to_pem(generate_key("ecdsa", 256)), 0)
    assert caught.value.kind == "unauthorized"
