from __future__ import annotations

import threading

import pytest

from edgecert.issuers.acme.parallel import THREADS, each


def test_keeps_the_order_and_runs_at_once() -> None:
    together = threading.Barrier(THREADS, timeout=10)

    def meet(number: int) -> int:
        together.wait()
        return number * 2

    assert each(meet, range(THREADS)) == [number * 2 for number in range(THREADS)]
    assert each(str, []) == []


def test_the_first_exception_ends_it_and_no_thread_is_left() -> None:
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        each(lambda number: 1 // number, [1, 0, 2, 3])
    assert threading.active_count() == before
