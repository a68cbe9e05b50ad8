from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from edgecert.deploy.verifying import AT_A_TIME, Question, WatchedProber, see_served
from edgecert.interfaces import Served, TargetVerdict
from edgecert.shared.errors import NetworkError

if TYPE_CHECKING:
    from edgecert.interfaces import Standing


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


class Listeners:
    """The one at port 1 serves it, the one at 2 another one, nobody is at 3."""

    def probe(self, address: str, protocol: str, domain: str, *, timeout: float) -> Served:
        if address.endswith(":3"):
            raise NetworkError("nobody is there", code="unreachable")
        return Served((), "f" if address.endswith(":1") else "g", "1234", "TLSv1.3")


class Watcher:
    def __init__(self) -> None:
        self.told: dict[str, list[tuple[str, str]]] = {}

    def stands(self, about: str, standing: Standing, text: str) -> None:
        self.told.setdefault(about, []).append((standing, text))


def test_who_watches_sees_each_listener_asked_and_what_it_serves() -> None:
    watcher = Watcher()
    questions = [Question(f"127.0.0.1:{port}", "xmpp-s2s", "a.example") for port in (1, 2, 3)]
    seen = see_served(WatchedProber(Listeners(), watcher), questions, "f")
    assert seen.verdict is TargetVerdict.DIFFERENT
    first = ("busy", "a handshake")
    assert watcher.told == {
        "xmpp-s2s://127.0.0.1:1 a.example": [first, ("done", "serves it, serial 1234")],
        "xmpp-s2s://127.0.0.1:2 a.example": [first, ("failed", "serves another certificate, serial 1234")],
        "xmpp-s2s://127.0.0.1:3 a.example": [first, ("warning", "nobody is there")],
    }
