"""Running counts become rates, and rates a small plot."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KEPT: Final = 600
_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
_ASCII: Final = " ..::||##"


class Rates:
    """The rate of each of some counters that only grow, from one look to the next, and the last ones of each."""

    def __init__(self) -> None:
        """Know of nothing."""
        self._counts: dict[str, int] = {}
        self._at: float | None = None
        self._series: dict[str, deque[float]] = {}
        self.now: dict[str, float] = {}
        """Per second, of the counters that were there at both of the last two looks."""

    def take(self, counts: Mapping[str, int], at: float) -> None:
        """Take the counters at the monotonic time ``at``. One that fell began anew: its gateway was restarted."""
        passed = at - self._at if self._at is not None else 0.0
        if passed > 0:
            before = self._counts
            grown = {name: count - before.get(name, 0) for name, count in counts.items() if name in before}
            self.now = {name: (more if more >= 0 else counts[name]) / passed for name, more in grown.items()}
            for name, rate in self.now.items():
                self._series.setdefault(name, deque(maxlen=KEPT)).append(rate)
        self._counts, self._at = dict(counts), at

    def pause(self) -> None:
        """Nothing was seen for a while: the next look begins anew."""
        self._counts, self._at, self.now = {}, None, {}

    def series(self, name: str) -> Sequence[float]:
        """Give the last rates, the newest last."""
        return tuple(self._series.get(name, ()))


def plot(values: Sequence[float], width: int, height: int, *, ascii_only: bool = False) -> list[str]:
    """Give ``values`` as ``height`` lines of bars, the newest at the right, the highest filling the height."""
    letters = _ASCII if ascii_only else _BLOCKS
    steps = len(letters) - 1
    shown = list(values)[-width:]
    top = max(shown, default=0.0) or 1.0
    bars = [0] * (width - len(shown)) + [_bar(value, top, height * steps) for value in shown]
    lines = []
    for level in range(height - 1, -1, -1):
        below = level * steps
        lines.append("".join(letters[min(steps, max(0, bar - below))] for bar in bars))
    return lines


def _bar(value: float, top: float, full: int) -> int:
    """Give the height of a bar; what is not nought is seen."""
    return max(1, round(value / top * full)) if value > 0 else 0
