"""What a receiving server offers, as stream features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.policy.negotiation import Offer
from gateway.xmpp import wire

if TYPE_CHECKING:
    from collections.abc import Collection


def describe_offers(offers: Collection[Offer]) -> list[str]:
    """Give the features that say ``offers``; STARTTLS without dialback beside it is mandatory."""
    starttls = wire.STARTTLS_OPTIONAL if Offer.DIALBACK in offers else wire.STARTTLS_REQUIRED
    features = {Offer.STARTTLS: starttls, Offer.EXTERNAL: wire.MECHANISMS, Offer.DIALBACK: wire.DIALBACK}
    return [feature for offer, feature in features.items() if offer in offers]
