from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from edgecert.issuers.acme.clockwatch import ClockWatch
from edgecert.shared.errors import EdgecertError, ExitCode
from tests.support.acmefaults import NoFaults
from tests.support.acmeparts import an_order
from tests.support.clock import FakeClock
from tests.support.world import Watcher

if TYPE_CHECKING:
    from edgecert.issuers.acme.transport import Response
    from tests.support.acmeparts import Parts


class OldDirectory(NoFaults):
    """A cache on the way answers for the directory."""

    def __init__(self, date: str) -> None:
        self.date = date

    @override
    def after(self, number: int, path: str, response: Response) -> Response:
        return replace(response, headers={**response.headers, "date": self.date}) if path == "/directory" else response


def seen(*minutes: float) -> tuple[ClockWatch, Watcher]:
    """Give a watch that saw answers dated so many minutes from our time."""
    clock, watcher = FakeClock(), Watcher()
    watch = ClockWatch(clock, watcher)
    for number in minutes:
        watch.see({"date": format_datetime(clock.now() + timedelta(minutes=number), usegmt=True)})
    return watch, watcher


@pytest.mark.parametrize("minutes", [0.0, 4.9, -4.9])
def test_seconds_and_some_minutes_are_nothing(minutes: float) -> None:
    watch, watcher = seen(minutes)
    watch.verify()
    watch.tell()
    assert watcher.codes == []


@pytest.mark.parametrize(("minutes", "told"), [(6.0, "6 minutes behind"), (-59.0, "59 minutes ahead of")])
def test_minutes_are_a_warning(minutes: float, told: str) -> None:
    watch, watcher = seen(minutes)
    watch.verify()
    watch.tell()
    assert watcher.codes == ["clock-skewed"]
    assert told in watcher.warnings[0][1]


@pytest.mark.parametrize("minutes", [61.0, -61.0, 60.0 * 24 * 400])
def test_more_than_an_hour_is_refused(minutes: float) -> None:
    watch, _ = seen(minutes)
    with pytest.raises(EdgecertError) as caught:
        watch.verify()
    assert (caught.value.code, caught.value.exit_code) == ("clock-wrong", ExitCode.FAILED)
    assert "timedatectl" in caught.value.hint


def test_an_old_answer_of_a_cache_does_not_count_beside_a_fresh_one() -> None:
    watch, watcher = seen(-300.0, 0.1, -200.0)
    watch.verify()
    watch.tell()
    assert watcher.codes == []


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 26 Nov 2026 07:00:00 -0000"])
def test_an_answer_without_a_proper_date_says_nothing(date: str) -> None:
    watch, watcher = seen()
    watch.see({"date": date} if date else {})
    watch.verify()
    watch.tell()
    assert watcher.codes == []


def test_no_order_is_placed_by_a_wrong_clock(parts: Parts) -> None:
    moment = parts.clock.now()
    parts.server.clock = lambda: moment + timedelta(hours=2)
    with pytest.raises(EdgecertError) as caught:
        parts.issuer().issue(an_order("sip.contoso.com"))
    assert caught.value.code == "clock-wrong"
    assert parts.server.count("/newOrder") == 0


def test_a_directory_from_a_cache_keeps_no_order_back(parts: Parts) -> None:
    parts.server.faults = OldDirectory(format_datetime(parts.clock.now() - timedelta(days=1), usegmt=True))
    assert parts.issuer().issue(an_order("sip.contoso.com")).certificates
