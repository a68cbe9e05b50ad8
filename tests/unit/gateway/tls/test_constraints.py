from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from edgecert.shared.names import DnsName, SrvName, XmppAddr
from gateway.tls.constraints import may_vouch_for
from tests.support.pki import Authority, Pki

if TYPE_CHECKING:
    from edgecert.shared.names import GeneralName

NAMES: list[GeneralName] = [XmppAddr("contoso.example"), SrvName("xmpp-server", "contoso.example")]


def permitted(*domains: str) -> x509.NameConstraints:
    return x509.NameConstraints([x509.DNSName(domain) for domain in domains], None)


def excluded(*domains: str) -> x509.NameConstraints:
    return x509.NameConstraints(None, [x509.DNSName(domain) for domain in domains])


def vouches(pki: Pki, constraints: x509.NameConstraints, name: GeneralName) -> bool:
    below = Authority.create("Constrained CA", issuer=pki.root, constraints=constraints)
    leaf = Pki(pki.root, below, pki.ca_file).issue(["xmpp:contoso.example"])
    return may_vouch_for((*leaf.certificates, pki.root.cert), name)


@pytest.mark.parametrize("name", NAMES)
def test_a_ca_vouches_for_the_domains_that_it_may_sign(pki: Pki, name: GeneralName) -> None:
    assert vouches(pki, permitted("fabrikam.example", "Contoso.example"), name)
    assert vouches(pki, permitted("example"), name)
    assert vouches(pki, excluded("fabrikam.example", "sip.contoso.example"), name)
    assert vouches(pki, x509.NameConstraints([x509.RFC822Name("contoso.example")], None), name)


@pytest.mark.parametrize("name", NAMES)
def test_a_ca_for_other_domains_vouches_for_no_name_of_xmpp(pki: Pki, name: GeneralName) -> None:
    assert not vouches(pki, permitted("fabrikam.example"), name)
    assert not vouches(pki, permitted("toso.example"), name)
    assert not vouches(pki, excluded("contoso.example"), name)
    assert not vouches(pki, excluded("example"), name)


def test_names_of_the_dns_were_judged_with_the_path(pki: Pki) -> None:
    assert vouches(pki, permitted("fabrikam.example"), DnsName("contoso.example"))
