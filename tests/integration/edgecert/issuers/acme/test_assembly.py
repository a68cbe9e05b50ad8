from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.issuers.acme.assembly import Acme
from edgecert.model.request import ChallengeOptions, IssuerOptions
from edgecert.shared.errors import NetworkError, UsageError
from tests.support.acmeparts import an_order
from tests.support.acmeserver import AcmeServer, MemorySolver
from tests.support.clock import FakeClock
from tests.support.net import free_port
from tests.support.world import Watcher

if TYPE_CHECKING:
    from pathlib import Path


def acme(state: Path, *challenges: ChallengeOptions) -> Acme:
    url = f"https://127.0.0.1:{free_port()}/dir"
    options = IssuerOptions(kind="acme", directory=url, accept_terms=True, challenges=challenges)
    return Acme(options, state, FakeClock(), lambda _: None, Watcher(), lambda _: MemorySolver())


def test_the_key_is_on_the_disk_before_the_ca_is_asked(tmp_path: Path) -> None:
    issuer = acme(tmp_path, ChallengeOptions(listen="127.0.0.1:80"))
    with pytest.raises(NetworkError):
        issuer.issue(an_order("sip.contoso.com"))
    assert len(list(tmp_path.glob("accounts/127.0.0.1-*/key.pem"))) == 1
    with pytest.raises(NetworkError), issuer.account() as account:
        account.fetch()


def test_names_are_looked_at_before_anything_else(tmp_path: Path) -> None:
    issuer = acme(tmp_path, ChallengeOptions(names=("contoso.com",), listen="127.0.0.1:80"))
    with pytest.raises(UsageError) as caught:
        issuer.issue(an_order("sip.contoso.com"))
    assert caught.value.code == "challenge-missing"


def test_what_is_known_of_a_ca_is_told_without_making_anything(tmp_path: Path) -> None:
    server = AcmeServer(tmp_path / "ca", MemorySolver())
    server.meta |= {"caaIdentities": ["ca.example"], "profiles": {"classic": "as ever"}}
    options = IssuerOptions(kind="acme", directory=server.url, accept_terms=True)
    issuer = Acme(options, tmp_path, FakeClock(), lambda _: None, Watcher(), lambda _: MemorySolver(), lambda _: server)
    facts = issuer.facts(ask=True)
    assert (facts.caa_identities, facts.profiles) == (("ca.example",), {"classic": "as ever"})
    assert facts.new_account
    assert facts.events == ()
    assert not (tmp_path / "accounts").exists()
    assert issuer.facts(ask=False).caa_identities == ()
    assert len(server.requests) == 1
    issuer.prepare()
    assert issuer.facts(ask=True) == facts
    with issuer.account() as account:
        url = account.url
    assert server.count("/directory") == 2
    assert issuer.facts(ask=False).account_url == url
    assert not issuer.has_order("edge", "1")


def test_a_ca_that_is_not_reached_is_told_unless_it_was_asked_ahead(tmp_path: Path) -> None:
    issuer = acme(tmp_path)
    with pytest.raises(NetworkError):
        issuer.facts(ask=True)
    issuer.prepare()
    assert issuer.facts(ask=True).caa_identities == ()
