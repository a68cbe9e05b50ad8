from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.issuers.acme.assembly import Acme
from edgecert.model.request import ChallengeOptions, IssuerOptions
from edgecert.shared.errors import NetworkError, UsageError
from tests.support.acmeparts import an_order
from tests.support.acmeserver import MemorySolver
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
