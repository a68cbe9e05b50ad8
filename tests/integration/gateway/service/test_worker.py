from __future__ import annotations

import asyncio
import threading

import pytest

from gateway.service.worker import Worker


async def test_runs_one_piece_of_work_at_a_time_in_order_outside_the_loop() -> None:
    worker = Worker()
    done: list[int] = []
    threads: set[int] = set()

    def work(number: int) -> int:
        threads.add(threading.get_ident())
        done.append(number)
        return number

    assert await asyncio.gather(*(worker.run(work, number) for number in range(20))) == list(range(20))
    assert done == list(range(20))
    assert len(threads) == 1
    assert threading.get_ident() not in threads
    worker.close()


async def test_raises_what_the_work_raises() -> None:
    worker = Worker()
    with pytest.raises(ZeroDivisionError):
        await worker.run(divmod, 1, 0)
    worker.close()
