from __future__ import annotations

import pytest

from gateway.model.jid import Jid
from gateway.policy.access import Access

DAVE = Jid.parse("dave@contoso.example/desk")


@pytest.mark.parametrize(
    ("federated", "xmpp", "allowed"), [(True, True, True), (False, True, False), (True, False, False)]
)
def test_both_switches_must_be_on(federated: bool, xmpp: bool, allowed: bool) -> None:
    assert Access(federated, xmpp).allows(DAVE) is allowed


@pytest.mark.parametrize(
    ("gated", "written"),
    [
        ("weisse", "weiße"),
        ("weiße", "weisse"),
        ("odysseu\u03c3", "odysseu\u03c2"),
        ("dave", "DAVE"),
        ("dave", "\uff44ave"),
    ],
)
def test_who_is_gated_is_so_under_every_spelling_that_a_home_system_takes_for_the_same(
    gated: str, written: str
) -> None:
    access = Access(users={str(Jid.parse(f"{gated}@contoso.example")): False, "weisse@fabrikam.example": True})
    assert not access.allows(Jid.parse(f"{written}@contoso.example/desk"))
    assert access.allows(Jid.parse("weis@contoso.example"))
    assert access.allows(Jid.parse("weiße@fabrikam.example"))


def test_an_exception_wins_and_a_domain_is_never_gated() -> None:
    assert not Access(users={"dave@contoso.example": False}).allows(DAVE)
    closed = Access(allow_xmpp=False, users={"dave@contoso.example": True})
    assert closed.allows(DAVE)
    assert closed.allows(Jid.parse("contoso.example"))
    assert not closed.allows(Jid.parse("eve@contoso.example"))
