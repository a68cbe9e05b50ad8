"""The running gateway: the one place that knows the settings, the database, the material and the sockets together."""

from __future__ import annotations

from gateway.service.gateway import Gateway
from gateway.service.program import run

__all__ = ["Gateway", "run"]
