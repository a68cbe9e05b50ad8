from __future__ import annotations

import pytest

from gateway.net.dialler import is_outage
from gateway.net.outbound import StreamFailure


@pytest.mark.parametrize(
    ("code", "text", "outage"),
    [
        ("connect-failed", "", True),
        ("dns-failed", "", True),
        ("timeout", "", True),
        ("connection-lost", "", True),
        ("dns-not-found", "", False),
        ("peer-certificate", "expired", False),
        ("tls-not-offered", "", False),
        ("private-target", "", False),
        ("peer-stream-error", "system-shutdown: going down", True),
        ("peer-stream-error", "connection-timeout", True),
        ("peer-stream-error", "host-unknown", False),
        ("peer-stream-error", "policy-violation: go away", False),
    ],
)
def test_an_outage_is_told_from_a_fault_that_somebody_must_mend(code: str, text: str, outage: bool) -> None:
    assert is_outage(StreamFailure(code, text)) is outage
