from __future__ import annotations

import pytest

from edgecert.issuers.acme.patience import LONGEST_PAUSE, Patience, growing_pause
from edgecert.shared.errors import NetworkError
from tests.support.clock import FakeClock


def test_waits_out_of_one_budget_and_not_beyond_it() -> None:
    waited: list[float] = []
    patience = Patience(FakeClock(), waited.append, 10)
    patience.wait(9.5, "the CA")
    with pytest.raises(NetworkError, match="gave up waiting for the CA") as caught:
        patience.wait(10, "the CA")
    assert caught.value.code == "acme-timeout"
    assert waited == [9.5]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3.0),
        ("Sun, 01 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Nov 2026 11:00:00 GMT", 0.0),
        ("Sun, 01 Nov 2026 11:00:00", None),
        ("soon", None),
        ("", None),
    ],
)
def test_reads_both_forms_of_retry_after(header: str, seconds: float | None) -> None:
    assert Patience(FakeClock(), lambda _: None, 10).retry_after(header) == seconds


def test_pauses_grow_to_a_limit() -> None:
    pauses = [growing_pause(number) for number in range(40)]
    assert pauses == sorted(pauses)
    assert pauses[0] < 0.1
    assert pauses[-1] == LONGEST_PAUSE


class Curious:
    """Wants to know what is awaited."""

    def __init__(self) -> None:
        self.told: list[tuple[str, float]] = []

    def step(self, text: str) -> None:
        raise AssertionError(text)

    def warn(self, code: str, message: str, path: str = "") -> None:
        raise AssertionError(message)

    def waits(self, what: str, left: float) -> None:
        self.told.append((what, left))


def test_who_wants_to_know_is_told_what_is_awaited_and_for_how_long() -> None:
    curious = Curious()
    Patience(FakeClock(), lambda _seconds: None, 10, curious).wait(1, "the CA to sign")
    assert curious.told == [("the CA to sign", 10.0)]
