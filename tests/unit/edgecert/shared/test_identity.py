from __future__ import annotations

import pytest

from edgecert.shared.identity import IdentityMismatch, matches_domain, verify_identity
from edgecert.shared.names import DnsName, IpName, NameProblem, SrvName, XmppAddr
from tests.support.pki import Pki


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.create(tmp_path_factory.mktemp("pki"))


@pytest.mark.parametrize(
    ("presented", "domain", "found"),
    [
        ("contoso.example", "Contoso.Example.", DnsName("contoso.example")),
        ("CONTOSO.example", "contoso.example", DnsName("contoso.example")),
        ("*.contoso.example", "im.contoso.example", DnsName("*.contoso.example")),
        ("xmpp:contoso.example", "contoso.example", XmppAddr("contoso.example")),
        ("xmpp:bücher.example", "xn--bcher-kva.example", XmppAddr("xn--bcher-kva.example")),
        ("xn--bcher-kva.example", "bücher.example", DnsName("xn--bcher-kva.example")),
        ("srv:_xmpp-server.contoso.example", "contoso.example", SrvName("xmpp-server", "contoso.example")),
        ("ip:127.0.0.1", "127.0.0.1", IpName("127.0.0.1")),
        ("ip:::1", "[::1]", IpName("::1")),
    ],
)
def test_gives_the_identifier_that_proves_it(pki: Pki, presented: str, domain: str, found: object) -> None:
    assert verify_identity(pki.issue(["other.example", presented]).cert, domain) == found


@pytest.mark.parametrize(
    ("presented", "domain"),
    [
        ("contoso.example", "im.contoso.example"),
        ("*.contoso.example", "contoso.example"),
        ("*.contoso.example", "a.im.contoso.example"),
        ("*.example", "contoso.example"),
        ("im*.contoso.example", "im1.contoso.example"),
        ("*.*.example", "a.b.example"),
        ("*", "contoso"),
        ("xmpp:contoso.example", "im.contoso.example"),
        ("xmpp:*.contoso.example", "im.contoso.example"),
        ("srv:_xmpp-client.contoso.example", "contoso.example"),
        ("srv:_xmpp-server.*.example", "contoso.example"),
        ("ip:127.0.0.1", "127.0.0.2"),
    ],
)
def test_refuses_what_is_only_like_it(pki: Pki, presented: str, domain: str) -> None:
    with pytest.raises(IdentityMismatch) as caught:
        verify_identity(pki.issue([presented]).cert, domain)
    assert caught.value.code == "identity-mismatch"
    assert domain in str(caught.value)


def test_a_thousand_names_fill_no_message(pki: Pki) -> None:
    names = [f"h{number}.other.example" for number in range(1000)]
    with pytest.raises(IdentityMismatch, match=r"h9\.other\.example and 990 more") as caught:
        verify_identity(pki.issue(names, common_name="x" * 64).cert, "contoso.example")
    assert len(caught.value.message) < 1000
    assert len(caught.value.presented) == 1000


def test_never_looks_at_the_common_name(pki: Pki) -> None:
    with pytest.raises(IdentityMismatch, match="names: none"):
        verify_identity(pki.issue([], common_name="contoso.example").cert, "contoso.example")


def test_tells_all_presented_identifiers(pki: Pki) -> None:
    with pytest.raises(IdentityMismatch) as caught:
        verify_identity(pki.issue(["a.example", "xmpp:b.example"]).cert, "c.example")
    assert caught.value.presented == (DnsName("a.example"), XmppAddr("b.example"))


def test_identifiers_of_xmpp_prove_no_other_service(pki: Pki) -> None:
    cert = pki.issue(["xmpp:contoso.example", "srv:_xmpp-server.contoso.example"]).cert
    assert matches_domain(cert, "contoso.example")
    assert not matches_domain(cert, "contoso.example", service="sips")
    assert not matches_domain(cert, "contoso.example", service="")


def test_a_domain_that_is_none_is_the_callers_fault(pki: Pki) -> None:
    with pytest.raises(NameProblem):
        matches_domain(pki.issue(["contoso.example"]).cert, "a..b")
