"""Two gateways on loopback that know each other by DNS and trust one test CA."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.control import SwapRequest
from gateway.service import Gateway
from gateway.settings import (
    GatewayOptions,
    GatewaySettings,
    Home,
    LimitOptions,
    ListenOptions,
    ResolverOptions,
    TrustOptions,
)
from tests.support.dns import DNS_PORT, Zone, host_records, serve_dns
from tests.support.net import loopback_net
from tests.support.pki import Pki

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.support.pki import Issued

SECRET = "s3cret"


@dataclass
class World:
    """A directory, a network, a PKI and a zone of one test."""

    directory: Path
    net: str
    pki: Pki
    zone: Zone
    dns_port: int = DNS_PORT
    addresses: dict[str, str] = field(default_factory=dict)

    def settings(
        self,
        domain: str,
        host: int,
        *,
        direct: bool = False,
        limits: LimitOptions | None = None,
        certificate_dir: str = "",
    ) -> GatewaySettings:
        """Give the settings of a gateway for ``domain`` at the host number of the test's network, and publish it."""
        address = f"{self.net}{host}"
        self.addresses[domain] = address
        self.zone.records.update(host_records(domain, address))
        state = self.directory / domain
        state.mkdir(exist_ok=True)
        secret = state / "secret"
        secret.touch(mode=0o600)
        secret.write_text(SECRET)
        return GatewaySettings(
            gateway=GatewayOptions(
                state_dir=str(state / "state"),
                control=str(state / "control.sock"),
                status=str(state / "status.sock"),
                kek_file=str(state / "kek"),
                certificate_dir=certificate_dir,
            ),
            listen=ListenOptions(s2s=(f"{address}:5269",), s2s_direct_tls=(f"{address}:5270",) if direct else ()),
            resolver=ResolverOptions(nameservers=(f"{self.net}53:{self.dns_port}",), allow_private_targets=True),
            trust=TrustOptions(ca_file=str(self.pki.ca_file)),
            limits=limits or LimitOptions(),
            home=(Home(domain=domain, listen=f"{address}:5347", secret_file=str(secret)),),
        )

    @asynccontextmanager
    async def gateway(
        self,
        settings: GatewaySettings,
        issued: Issued | None,
        *partners: str,
    ) -> AsyncIterator[Gateway]:
        """Run a gateway with ``issued`` in service (if given) and ``partners`` configured."""
        gateway = Gateway(settings)
        async with gateway.running():
            if issued is not None:
                await gateway.swap(SwapRequest(issued.bundle(), allow_drop=True))
            for partner in partners:
                await gateway.put_partner({"domain": partner, "type": "federated"})
            yield gateway


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with loopback_net() as net, serve_dns(f"{net}53", {}) as zone:
        yield World(tmp_path, net, Pki.create(tmp_path / "pki"), zone)
