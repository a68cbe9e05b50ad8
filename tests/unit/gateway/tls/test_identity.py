from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gateway.tls.identity import PeerCertificateError, PeerFault, verify_peer
from gateway.tls.trust import TrustStore
from tests.support.pki import Pki, now

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.pki import Issued


def fault_of(issued: Issued | None, pki: Pki, domain: str = "contoso.example") -> PeerFault | None:
    try:
        verify_peer(issued.certificates if issued else (), domain, trust=TrustStore([pki.root.cert]), now=now())
    except PeerCertificateError as error:
        return error.fault
    return None


@pytest.mark.parametrize(
    "names",
    [["contoso.example"], ["xmpp:contoso.example"], ["srv:_xmpp-server.contoso.example"]],
    ids=["dns", "xmpp", "srv"],
)
def test_each_kind_of_name_proves_the_domain(pki: Pki, names: list[str]) -> None:
    assert fault_of(pki.issue(names), pki) is None


@pytest.mark.parametrize("purposes", [["server"], ["server", "client"], []])
def test_a_server_certificate_is_enough_in_both_directions(pki: Pki, purposes: list[str]) -> None:
    assert fault_of(pki.issue(["contoso.example"], eku=purposes), pki) is None  # type: ignore[arg-type]


def test_a_certificate_for_clients_only_is_no_servers(pki: Pki) -> None:
    assert fault_of(pki.issue(["contoso.example"], eku=["client"]), pki) is PeerFault.PURPOSE


@pytest.mark.parametrize(
    "names",
    [
        ["fabrikam.example"],
        ["srv:_xmpp-client.contoso.example"],
        ["*.contoso.example"],
        ["xmpp:user@contoso.example"],
        [],
    ],
)
def test_another_name_is_another_peer(pki: Pki, names: list[str]) -> None:
    assert fault_of(pki.issue(names, common_name="contoso.example"), pki) is PeerFault.NAME


def test_faults_are_told_apart(pki: Pki, tmp_path: Path) -> None:
    names = ["contoso.example"]
    assert fault_of(None, pki) is PeerFault.NO_CERTIFICATE
    assert fault_of(pki.expired(names), pki) is PeerFault.EXPIRED
    assert fault_of(pki.issue(names, not_before=now() + timedelta(hours=1)), pki) is PeerFault.NOT_YET_VALID
    assert fault_of(pki.issue(names, self_signed=True, common_name="x"), pki) is PeerFault.SELF_SIGNED
    assert fault_of(pki.issue(names, ca=True), pki) is PeerFault.CA_AS_LEAF
    assert fault_of(Pki.create(tmp_path).issue(names), pki) is PeerFault.UNTRUSTED
