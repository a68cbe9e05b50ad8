from __future__ import annotations

from gateway.net.dialled import StreamFailedError, StreamFailure


def test_a_failure_reads_as_code_and_words() -> None:
    assert str(StreamFailure("tls-failed", "handshake failure")) == "tls-failed: handshake failure"
    assert str(StreamFailure("timeout", "")) == "timeout"
    assert StreamFailure("peer-stream-error", "reset: renewed").is_reset
    assert not StreamFailure("peer-stream-error", "not-authorized: expired").is_reset
    assert StreamFailedError(StreamFailure("timeout", "late")).code == "timeout"
