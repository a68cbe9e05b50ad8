from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import EdgecertError
from gateway.service.setup import hub_limits, list_unreloadable, make_certificates
from gateway.settings import GatewaySettings, LimitOptions, ResolverOptions
from tests.support.clock import FakeClock

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import World


def test_limits_reach_the_hub_in_seconds() -> None:
    settings = GatewaySettings(limits=LimitOptions(keep_alive_interval=30, stream_inactivity_timeout=90))
    limits = hub_limits(settings)
    assert (limits.keep_alive_interval, limits.inactivity_timeout, limits.connection_limit) == (30.0, 90.0, 1000)


def test_what_needs_a_restart_is_named() -> None:
    old = GatewaySettings()
    assert list_unreloadable(old, replace(old, limits=LimitOptions(connection_limit=3))) == []
    assert list_unreloadable(old, replace(old, resolver=ResolverOptions(allow_private_targets=True))) == ["resolver"]


def test_the_key_that_wraps_keys_does_not_lie_beside_them(world: World) -> None:
    settings = world.settings("contoso.example", 1)
    inside = f"{settings.gateway.state_dir}/kek"
    settings = replace(settings, gateway=replace(settings.gateway, kek_file=inside))
    certificates = make_certificates(settings, FakeClock(), {})
    certificates.load()
    from edgecert.shared.control import SwapRequest
    from tests.support.pki import now

    certificates = make_certificates(settings, FakeClock(now()), {})
    certificates.load()
    with pytest.raises(EdgecertError) as caught:
        certificates.swap(SwapRequest(world.pki.issue(["contoso.example"]).bundle(exportable=False)))
    assert caught.value.code == "kek-inside-store"
