from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from edgecert.shared import sdnotify
from tests.support.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path


def test_states_reach_the_manager_by_path_and_by_abstract_name(tmp_path: Path) -> None:
    for address, given in ((str(tmp_path / "notify"), str(tmp_path / "notify")), (f"\0{tmp_path}", f"@{tmp_path}")):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(address)
            assert sdnotify.notify(sdnotify.READY, {"NOTIFY_SOCKET": given})
            assert manager.recv(100) == b"READY=1"


def test_without_a_manager_nothing_happens(tmp_path: Path) -> None:
    assert not sdnotify.notify(sdnotify.READY, {})
    assert not sdnotify.notify(sdnotify.READY, {"NOTIFY_SOCKET": str(tmp_path / "absent")})
    assert not sdnotify.notify(sdnotify.READY, {"NOTIFY_SOCKET": "relative"})


def test_a_reload_carries_its_moment_and_a_status_is_one_line() -> None:
    assert sdnotify.reloading(FakeClock()) == "RELOADING=1\nMONOTONIC_USEC=1000000000"
    assert sdnotify.status("two\nREADY=1 lines") == "STATUS=two READY=1 lines"


def test_watchdog_is_told_twice_as_often_as_asked_and_only_by_the_process_that_is_asked() -> None:
    assert sdnotify.watchdog_interval({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 7) == 15.0
    assert sdnotify.watchdog_interval({"WATCHDOG_USEC": "30000000"}, 7) == 15.0
    assert sdnotify.watchdog_interval({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, 7) is None
    assert sdnotify.watchdog_interval({}, 7) is None
