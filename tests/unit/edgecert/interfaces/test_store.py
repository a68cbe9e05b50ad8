"""The values that pass between use cases and adapters."""

from __future__ import annotations

from edgecert.interfaces import Deployment, Deployments


def test_a_deployment_is_open_until_what_is_wanted_serves() -> None:
    assert Deployment("gw", "gateway", wanted=2).open
    assert Deployment("gw", "gateway", wanted=2, serving=1).open
    assert not Deployment("gw", "gateway", wanted=2, serving=2).open


def test_deployments_are_found_by_target() -> None:
    entry = Deployment("gw", "gateway", wanted=1)
    assert Deployments((entry,)).find("gw") is entry
    assert Deployments((entry,)).find("other") is None
