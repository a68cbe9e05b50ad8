from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.tls.context import build_contexts
from gateway.tls.slot import ContextSlot
from gateway.tls.trust import TrustStore

if TYPE_CHECKING:
    from tests.support.pki import Issued


def test_a_swap_gives_the_new_and_hands_back_the_old(contoso: Issued) -> None:
    first = build_contexts([], domains=[], trust=TrustStore(()))
    second = build_contexts([contoso.bundle()], domains=["contoso.example"], trust=TrustStore(()))
    slot = ContextSlot(first)
    assert slot.current is first
    assert slot.swap(second) is first
    assert slot.current is second
