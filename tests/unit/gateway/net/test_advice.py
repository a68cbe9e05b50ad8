from __future__ import annotations

import pytest

from gateway.net.advice import advise
from gateway.net.dialler import OUTAGES
from gateway.net.outbound import StreamFailure
from gateway.xmpp.events import FailureReason


@pytest.mark.parametrize("code", sorted({*OUTAGES, *(reason.value for reason in FailureReason), "dns-not-found"}))
def test_each_failure_of_a_stream_has_advice_of_its_own(code: str) -> None:
    text = advise(StreamFailure(code, "policy-violation: no"), "contoso.example", "fabrikam.example")
    assert text
    assert "{" not in text
    assert "explain" not in text


def test_a_stream_error_is_told_by_its_condition() -> None:
    def of(text: str) -> str:
        return advise(StreamFailure("peer-stream-error", text), "contoso.example", "fabrikam.example")

    assert "SRV" in of("host-unknown")
    assert "contoso.example" in of("remote-connection-failed: no route")
    assert "log" in of("undefined-condition")


def test_what_has_no_advice_is_explained_elsewhere() -> None:
    assert "edgecert explain tls-vanished" in advise(StreamFailure("tls-vanished", ""), "a.example", "b.example")
