"""The values that pass between use cases and adapters."""

from __future__ import annotations

from edgecert.interfaces import DEPLOY_AS_USUAL, Deployment, Deployments


def test_a_deployment_is_open_until_what_is_wanted_serves() -> None:
    assert Deployment("gw", "gateway", wanted=2).open
    assert Deployment("gw", "gateway", wanted=2, serving=1).open
    assert not Deployment("gw", "gateway", wanted=2, serving=2).open


def test_deployments_are_found_by_target() -> None:
    entry = Deployment("gw", "gateway", wanted=1)
    assert Deployments((entry,)).find("gw") is entry
    assert Deployments((entry,)).find("other") is None


def test_as_usual_old_streams_live_on_and_nothing_is_dropped() -> None:
    assert DEPLOY_AS_USUAL.close_old_streams == "keep"
    assert not DEPLOY_AS_USUAL.allow_drop
    assert not DEPLOY_AS_USUAL.rollback
