"""A nameserver of the test's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.support.dns import DNS_PORT, Zone, serve_dns
from tests.support.net import loopback_net

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Nameserver:
    """What is answered, and where."""

    zone: Zone
    address: str


@pytest.fixture
def nameserver() -> Iterator[Nameserver]:
    with loopback_net() as net, serve_dns(f"{net}53", {}) as zone:
        yield Nameserver(zone, f"{net}53:{DNS_PORT}")
