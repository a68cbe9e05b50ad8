from __future__ import annotations

from gateway.errors import Condition, RemoteProtocolError


def test_remote_fault_carries_its_condition_and_says_it() -> None:
    fault = RemoteProtocolError(Condition.HOST_UNKNOWN, "not here")
    assert (fault.condition, fault.text, str(fault)) == (Condition.HOST_UNKNOWN, "not here", "host-unknown: not here")
    assert str(RemoteProtocolError(Condition.RESET)) == "reset"
