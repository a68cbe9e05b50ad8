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


def test_an_exception_wins_and_a_domain_is_never_gated() -> None:
    assert not Access(users={"dave@contoso.example": False}).allows(DAVE)
    closed = Access(allow_xmpp=False, users={"dave@contoso.example": True})
    assert closed.allows(DAVE)
    assert closed.allows(Jid.parse("contoso.example"))
    assert not closed.allows(Jid.parse("eve@contoso.example"))
