from __future__ import annotations

from datetime import timedelta
from random import Random

from typing_extensions import override

from gateway.net.backoff import BackOff
from tests.support.clock import FakeClock


def waits(random: Random, failures: int) -> list[float]:
    clock = FakeClock()
    back_off, found = BackOff(clock, random), []
    for _ in range(failures):
        back_off.failed()
        found.append(back_off.until - clock.monotonic())
    return found


class Middle(Random):
    @override
    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def test_the_wait_doubles_from_five_seconds_to_five_minutes() -> None:
    assert [round(wait) for wait in waits(Middle(), 9)] == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_each_wait_differs_by_a_fifth_at_most() -> None:
    found = [waits(Random(seed), 1)[0] for seed in range(200)]  # noqa: S311  # to be repeatable
    assert 4 <= min(found) < 4.2
    assert 5.8 < max(found) <= 6


def test_it_is_over_when_the_time_has_come_or_the_partner_was_heard_of() -> None:
    clock = FakeClock()
    back_off = BackOff(clock, Middle())
    assert back_off.is_over
    back_off.failed()
    clock.advance(timedelta(seconds=4.9))
    assert not back_off.is_over
    clock.advance(timedelta(seconds=0.1))
    assert back_off.is_over
    back_off.failed()
    assert not back_off.is_over
    back_off.clear()
    assert back_off.is_over
    back_off.failed()
    assert round(back_off.until - clock.monotonic()) == 5
