from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.tls.identity import PeerCertificateError, PeerFault, verify_peer
from gateway.tls.trust import TrustStore
from tests.support.pki import Authority, Pki, now

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


def below(pki: Pki, issuer: Authority) -> Pki:
    return Pki(pki.root, issuer, pki.ca_file)


@pytest.mark.parametrize("name", ["xmpp:contoso.example", "srv:_xmpp-server.contoso.example"])
def test_a_ca_for_other_domains_cannot_sign_a_name_of_xmpp_instead(pki: Pki, name: str) -> None:
    only = x509.NameConstraints([x509.DNSName("fabrikam.example")], None)
    issuer = Authority.create("Fabrikam CA", issuer=pki.root, constraints=only)
    assert fault_of(below(pki, issuer).issue([name, "fabrikam.example"]), pki) is PeerFault.UNTRUSTED
    assert fault_of(below(pki, issuer).issue(["xmpp:fabrikam.example"]), pki, "fabrikam.example") is None


@pytest.mark.parametrize("purpose", [ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.CLIENT_AUTH])
def test_a_ca_for_other_purposes_makes_no_servers(pki: Pki, purpose: x509.ObjectIdentifier) -> None:
    issuer = Authority.create("Mail CA", issuer=pki.root, purposes=[purpose])
    assert fault_of(below(pki, issuer).issue(["contoso.example"]), pki) is PeerFault.UNTRUSTED
    issuer = Authority.create("TLS CA", issuer=pki.root, purposes=[purpose, ExtendedKeyUsageOID.SERVER_AUTH])
    assert fault_of(below(pki, issuer).issue(["contoso.example"]), pki) is None


def test_a_key_that_may_not_sign_certificates_signs_none(pki: Pki) -> None:
    issuer = Authority.create("Odd CA", issuer=pki.root, signs=False)
    assert fault_of(below(pki, issuer).issue(["contoso.example"]), pki) is PeerFault.UNTRUSTED


# RFC 5280 §4.2.1.6: a subjectAltName with an x400Address, and an extended key usage that is none.
@pytest.mark.parametrize(("oid", "value"), [("2.5.29.17", "3004a3020500"), ("2.5.29.37", "0400")])
def test_a_certificate_that_cannot_be_read_proves_nothing_and_breaks_nothing(pki: Pki, oid: str, value: str) -> None:
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), bytes.fromhex(value))
    assert fault_of(pki.issue([], eku=[], extensions=[odd]), pki) is PeerFault.UNTRUSTED
