from __future__ import annotations

import threading

from edgecert.deploy.verifying import AT_A_TIME, Question, see_served
from edgecert.interfaces import Served, TargetVerdict


class CountingProber:
    """Lets nobody through before ``AT_A_TIME`` ask at once, and keeps the highest number seen."""

    def __init__(self) -> None:
        self.together = threading.Barrier(AT_A_TIME)
        self.lock = threading.Lock()
        self.now = self.most = 0

    def probe(self, address: str, protocol: str, domain: str, *, timeout: float) -> Served:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.together.wait(timeout=10)
        with self.lock:
            self.now -= 1
        return Served((), "f", "1", "TLSv1.3")


def test_asks_sixteen_at_a_time_and_keeps_the_order_of_questions() -> None:
    questions = [Question(f"127.0.0.1:{port}", "tls", "a.example") for port in range(3 * AT_A_TIME)]
    prober = CountingProber()
    seen = see_served(prober, questions, "f")
    assert seen.verdict is TargetVerdict.SAME
    assert prober.most == AT_A_TIME
    assert [report.address for report in seen.listeners] == [question.address for question in questions]


def test_nothing_to_ask_is_unverified() -> None:
    assert see_served(CountingProber(), [], "f").verdict is TargetVerdict.UNVERIFIED
