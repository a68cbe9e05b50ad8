"""How a generation goes into service when nobody says otherwise."""

from __future__ import annotations

from edgecert.interfaces import DEPLOY_AS_USUAL


def test_as_usual_old_streams_live_on_and_nothing_is_dropped() -> None:
    assert DEPLOY_AS_USUAL.close_old_streams == "keep"
    assert not DEPLOY_AS_USUAL.allow_drop
    assert not DEPLOY_AS_USUAL.rollback
