"""What went wrong lately, as it is kept for whoever looks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.model.peer import Direction
from gateway.net.advice import _BY_CODE as ADVISED
from gateway.net.failures import MAX_FAILURES, MAX_TEXT, STEPS, FailureLog, step_of
from tests.support.clock import FakeClock

PAIR = ("contoso.example", "fabrikam.example")


def test_the_same_again_only_counts_and_is_the_newest() -> None:
    clock = FakeClock()
    log = FailureLog(clock)
    log.note(Direction.OUTBOUND, PAIR, "dns-failed", "one", partner=True)
    clock.advance(timedelta(minutes=1))
    log.note(Direction.INBOUND, PAIR, "policy-violation", "no", address="192.0.2.1", partner=True)
    clock.advance(timedelta(minutes=1))
    log.note(Direction.OUTBOUND, PAIR, "dns-failed", "two", partner=True)
    inbound, outbound = log
    assert (inbound.code, inbound.address, inbound.count) == ("policy-violation", "192.0.2.1", 1)
    assert (outbound.text, outbound.count) == ("two", 2)
    assert outbound.last - outbound.first == timedelta(minutes=2)
    assert outbound.to_json()["step"] == "dns"
    assert log.newest(frozenset({PAIR[1]}), Direction.INBOUND) == inbound
    assert log.newest(frozenset({"other.example"}), Direction.INBOUND) is None


def test_strangers_drive_out_no_partner() -> None:
    log = FailureLog(FakeClock())
    log.note(Direction.OUTBOUND, PAIR, "timeout", "t", partner=True)
    for number in range(3 * MAX_FAILURES):
        log.note(Direction.INBOUND, ("contoso.example", f"{number}.example"), "policy-violation", "", partner=False)
    assert len(log) == MAX_FAILURES + 1
    assert [entry.domain for entry in log if entry.direction == "outbound"] == ["fabrikam.example"]
    assert f"{3 * MAX_FAILURES - 1}.example" in {entry.domain for entry in log}


def test_what_a_peer_says_is_cut() -> None:
    log = FailureLog(FakeClock())
    log.note(Direction.INBOUND, PAIR, "bad-format", "x" * 10_000, partner=False)
    (entry,) = log
    assert len(entry.text) == MAX_TEXT


@pytest.mark.parametrize("code", sorted(ADVISED))
def test_each_code_that_has_advice_has_its_step(code: str) -> None:
    assert step_of(code) in STEPS


def test_the_steps_are_those_of_the_way() -> None:
    wanted = {"dns-not-found": "dns", "connect-failed": "tcp", "tls-failed": "tls", "peer-certificate": "identity"}
    wanted |= {"dialback-refused": "dialback", "policy-violation": "policy", "bad-format": "stream"}
    assert {code: step_of(code) for code in wanted} == wanted
