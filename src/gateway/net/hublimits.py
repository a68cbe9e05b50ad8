"""How much a gateway lets in, and for how long it bears silence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HubLimits:
    """How much is let in, and for how long silence is borne."""

    connection_limit: int = 1000
    partner_connection_limit: int = 20
    unauthenticated_per_address: int = 10
    keep_alive_interval: float = 300.0
    establishment_timeout: float = 60.0
    inactivity_timeout: float = 600.0
    inbound_inactivity_timeout: float = 2400.0
    subscription_refresh_interval: float = 28800.0
