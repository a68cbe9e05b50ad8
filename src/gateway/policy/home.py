"""What policy knows of a home domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Consent = Literal["home", "gateway"]
Connector = Literal["component", "sip"]


@dataclass(frozen=True, slots=True)
class HomePolicy:
    """Who answers presence subscriptions for a home domain's users, and how its home system is reached."""

    consent: Consent = "home"
    connector: Connector = "component"


USUAL_HOME: Final = HomePolicy()
