"""One PKI for all TLS tests of a run, and a handshake in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.pki import Pki

if TYPE_CHECKING:
    from tests.support.pki import Issued


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.create(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def contoso(pki: Pki) -> Issued:
    return pki.issue(["contoso.example", "xmpp:contoso.example", "srv:_xmpp-server.contoso.example"])


@pytest.fixture(scope="session")
def fabrikam(pki: Pki) -> Issued:
    return pki.issue(["fabrikam.example"])
