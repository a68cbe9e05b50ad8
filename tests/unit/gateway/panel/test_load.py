from __future__ import annotations

from gateway.panel.load import KEPT, Rates, plot


def test_counts_become_rates_between_two_looks() -> None:
    rates = Rates()
    rates.take({"in": 10}, 100.0)
    assert rates.now == {}
    rates.take({"in": 30, "new": 5}, 104.0)
    assert rates.now == {"in": 5.0}
    rates.take({"in": 30, "new": 7}, 106.0)
    assert rates.now == {"in": 0.0, "new": 1.0}
    assert rates.series("in") == (5.0, 0.0)
    assert rates.series("unknown") == ()


def test_a_counter_that_fell_began_anew() -> None:
    rates = Rates()
    rates.take({"in": 1000}, 0.0)
    rates.take({"in": 8}, 2.0)
    assert rates.now == {"in": 4.0}


def test_after_a_pause_and_at_the_same_moment_there_is_no_rate() -> None:
    rates = Rates()
    rates.take({"in": 1}, 0.0)
    rates.pause()
    rates.take({"in": 100}, 9.0)
    rates.take({"in": 200}, 9.0)
    assert rates.now == {}


def test_only_so_many_are_kept() -> None:
    rates = Rates()
    for at in range(KEPT + 10):
        rates.take({"in": at}, float(at))
    assert len(rates.series("in")) == KEPT


def test_a_plot_fills_its_height_and_the_newest_is_at_the_right() -> None:
    assert plot([0, 1, 2, 4], 6, 2) == ["     █", "   ▄██"]
    assert plot([4.0], 3, 1, ascii_only=True) == ["  #"]
    assert plot([], 3, 2) == ["   ", "   "]


def test_what_is_not_nought_is_seen() -> None:
    assert plot([0.001, 1000.0], 2, 1) == ["▁█"]


def test_old_values_fall_off_at_the_left() -> None:
    assert plot([9, 9, 0, 9], 2, 1) == [" █"]
