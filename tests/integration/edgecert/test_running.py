"""Programs of the administrator's, real ones."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from edgecert.running import CommandError, run_command
from tests.support.processes import wait_until

if TYPE_CHECKING:
    from pathlib import Path


def test_success_is_silent() -> None:
    run_command(("true",), 60)


@pytest.mark.parametrize(
    ("command", "fault", "words"),
    [
        (("sh", "-c", "echo first; echo reason 1>&2; exit 7"), "failed", "exit code 7: first / reason"),
        (("sh", "-c", "kill -TERM $$"), "failed", "signal 15"),
        (("/does/not/exist",), "not-run", "No such file"),
    ],
)
def test_failure_says_what_the_command_said(command: tuple[str, ...], fault: str, words: str) -> None:
    with pytest.raises(CommandError, match=words) as caught:
        run_command(command, 60)
    assert caught.value.fault == fault


def test_arguments_reach_the_command_as_they_are() -> None:
    with pytest.raises(CommandError, match=r"\$HOME; exit 0"):
        run_command(("sh", "-c", 'echo "$1"; exit 1', "sh", "$HOME; exit 0"), 60)


def test_private_keys_are_not_repeated() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMIIsecret\n-----END PRIVATE KEY-----"
    with pytest.raises(CommandError) as caught:
        run_command(("sh", "-c", 'echo "$1"; exit 1', "sh", pem), 60)
    assert "MIIsecret" not in str(caught.value)


def test_of_much_that_is_said_the_end_is_told() -> None:
    with pytest.raises(CommandError) as caught:
        run_command(("sh", "-c", "yes nonsense | head -c 4000000; echo; echo the reason; exit 1"), 60)
    assert str(caught.value).endswith("the reason")
    assert len(str(caught.value)) < 500


def test_a_daemon_that_is_left_behind_keeps_nobody(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    run_command(("sh", "-c", f"sleep 1000 & echo $! > {mark}"), 60)
    os.kill(int(mark.read_text()), signal.SIGKILL)


def test_ends_with_all_its_children_after_the_time_out(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    with pytest.raises(CommandError, match="killed") as caught:
        run_command(("sh", "-c", f"sleep 1000 & echo $! > {mark}; wait"), 1)
    assert caught.value.fault == "too-slow"
    if mark.exists():  # under load it may not have come so far
        wait_until(lambda: is_gone(int(mark.read_text())), what="the child is gone")


def test_ctrl_c_ends_it_too(tmp_path: Path) -> None:
    mark = tmp_path / "pid"

    def interrupt() -> None:
        wait_until(lambda: mark.exists() and mark.read_text().strip() != "", what="the command runs")
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=interrupt, name="Ctrl-C")
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run_command(("sh", "-c", f"echo $$ > {mark}; sleep 1000"), 90)
    thread.join()
    wait_until(lambda: is_gone(int(mark.read_text())), what="the command is gone")


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet has."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:  # noqa: PTH123  # of the kernel's
            return file.read().rpartition(") ")[2].startswith("Z")
    except (FileNotFoundError, ProcessLookupError):
        return True
