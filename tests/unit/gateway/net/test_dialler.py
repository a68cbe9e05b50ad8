from __future__ import annotations

import pytest

from gateway.errors import StanzaCondition
from gateway.net.dialler import condition_of, is_outage
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


@pytest.mark.parametrize(
    ("code", "condition"),
    [
        ("dns-not-found", StanzaCondition.REMOTE_SERVER_NOT_FOUND),
        ("not-a-partner", StanzaCondition.NOT_ALLOWED),
        ("connect-failed", StanzaCondition.REMOTE_SERVER_TIMEOUT),
        ("peer-certificate", StanzaCondition.REMOTE_SERVER_TIMEOUT),
    ],
)
def test_who_could_not_be_reached_is_told_apart_in_the_answer(code: str, condition: StanzaCondition) -> None:
    assert condition_of(StreamFailure(code, "")) is condition
    assert condition_of(None) is StanzaCondition.REMOTE_SERVER_TIMEOUT
