from __future__ import annotations

import ipaddress

import pytest
from cryptography import x509

from edgecert.issuers.authority import build_root
from edgecert.issuers.constraints import Constraints
from edgecert.model.keys import generate_key
from edgecert.shared.names import DnsName, GeneralName, IpName, SrvName, XmppAddr
from tests.support.clock import FakeClock

CONTOSO = Constraints(("contoso.com",), ("192.0.2.1",))


def test_come_from_the_domains_behind_the_names() -> None:
    names = (
        DnsName("sip.contoso.com"),
        DnsName("*.fabrikam.com"),
        DnsName("contoso.com"),
        SrvName("xmpp-server", "im.tailspin.com"),
        XmppAddr("contoso.com"),
        IpName("192.0.2.1"),
    )
    constraints = Constraints.for_names(names)
    assert constraints == Constraints(("contoso.com", "fabrikam.com", "im.tailspin.com"), ("192.0.2.1",))
    assert all(constraints.permits(name) for name in names)


def test_a_host_called_sip_in_no_domain_stays_itself() -> None:
    assert Constraints.for_names([DnsName("sip.local")]).domains == ("sip.local",)


@pytest.mark.parametrize(
    ("name", "permitted"),
    [
        (DnsName("contoso.com"), True),
        (DnsName("a.b.contoso.com"), True),
        (DnsName("*.contoso.com"), True),
        (DnsName("notcontoso.com"), False),
        (DnsName("com"), False),
        (SrvName("xmpp-server", "contoso.com"), True),
        (SrvName("xmpp-server", "fabrikam.com"), False),
        (XmppAddr("im.contoso.com"), True),
        (XmppAddr("fabrikam.com"), False),
        (IpName("192.0.2.1"), True),
        (IpName("192.0.2.2"), False),
    ],
)
def test_permit_a_domain_with_all_below_it_and_single_addresses(name: GeneralName, permitted: bool) -> None:
    assert CONTOSO.permits(name) == permitted


def test_are_widened_and_never_narrowed() -> None:
    wider = CONTOSO.widened([DnsName("fabrikam.com"), DnsName("sip.contoso.com"), IpName("2001:db8::1")])
    assert wider == Constraints(("contoso.com", "fabrikam.com"), ("192.0.2.1", "2001:db8::1"))


@pytest.mark.parametrize("constraints", [CONTOSO, Constraints(("contoso.com",)), Constraints((), ("2001:db8::1",))])
def test_come_back_from_the_certificate_that_carries_them(constraints: Constraints) -> None:
    key = generate_key("ecdsa", 256)
    certificate = build_root(key, label="x", now=FakeClock().now(), limits=constraints)
    assert certificate.extensions.get_extension_for_class(x509.NameConstraints).critical
    assert Constraints.from_certificate(certificate) == constraints


def test_none_come_back_from_a_certificate_without() -> None:
    certificate = build_root(generate_key("ecdsa", 256), label="x", now=FakeClock().now())
    assert Constraints.from_certificate(certificate) is None


def test_addresses_are_excluded_when_none_is_permitted() -> None:
    excluded = Constraints(("contoso.com",)).to_extension().excluded_subtrees
    assert excluded == [
        x509.IPAddress(ipaddress.ip_network("0.0.0.0/0")),
        x509.IPAddress(ipaddress.ip_network("::/0")),
    ]
    assert CONTOSO.to_extension().excluded_subtrees is None


def test_domains_are_excluded_when_none_is_permitted() -> None:
    assert x509.DNSName("invalid") in (Constraints((), ("192.0.2.1",)).to_extension().permitted_subtrees or [])
