"""Whole ``edgecert`` processes against the strict ACME server over TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.acmeca import PROFILES
from tests.support.acmefaults import Fault, Planned
from tests.support.acmehost import AcmeHost, acme_host
from tests.support.pebble import is_open

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def host(tmp_path: Path) -> Iterator[AcmeHost]:
    with acme_host(tmp_path) as made:
        yield made


def test_issues_over_the_network(host: AcmeHost) -> None:
    host.write_flags("xmpp.contoso.com")
    certificate = host.issue()
    assert certificate["names"] == ["sip.contoso.com", "xmpp.contoso.com"]
    assert certificate["findings"] == []
    assert host.issue()["action"] == "unchanged"
    assert not is_open(f"{host.net}2", 5002)


def test_a_six_day_certificate(host: AcmeHost) -> None:
    host.server.profiles = PROFILES
    host.write_flags(issuer='profile = "shortlived"')
    host.issue()
    assert host.server.objects["order/0"]["profile"] == "shortlived"


@pytest.mark.parametrize("fault", [Fault.DROP_BEFORE, Fault.DROP_AFTER, Fault.WRONG_NONCE])
def test_a_connection_that_is_lost_is_made_anew(host: AcmeHost, fault: Fault) -> None:
    host.server.faults = planned = Planned(fault, path="/newOrder")
    host.issue()
    assert planned.happened == 1
