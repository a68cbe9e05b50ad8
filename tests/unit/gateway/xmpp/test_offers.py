from __future__ import annotations

from gateway.policy.negotiation import Offer
from gateway.xmpp import wire
from gateway.xmpp.offers import describe_offers


def test_starttls_is_mandatory_unless_dialback_is_beside_it() -> None:
    assert describe_offers({Offer.STARTTLS}) == [wire.STARTTLS_REQUIRED]
    assert describe_offers({Offer.DIALBACK, Offer.STARTTLS}) == [wire.STARTTLS_OPTIONAL, wire.DIALBACK]
    assert describe_offers({Offer.EXTERNAL, Offer.DIALBACK}) == [wire.MECHANISMS, wire.DIALBACK]
    assert describe_offers(()) == []
