"""A host and a real gateway beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.cli import Host
from tests.support.edge import DOMAIN, Edge
from tests.support.gatewayrunner import GatewayRunner
from tests.support.net import loopback_net
from tests.support.pki import Pki

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.create(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayRunner]:
    with loopback_net() as net, GatewayRunner(tmp_path / "gateway", f"{net}1", [DOMAIN]) as runner:
        yield runner


@pytest.fixture
def edge(tmp_path: Path, gateway: GatewayRunner) -> Edge:
    """A host with its flags file beside a gateway that has no certificate yet."""
    (tmp_path / "host").mkdir()
    edge = Edge(Host(tmp_path / "host"), gateway)
    edge.write()
    return edge
