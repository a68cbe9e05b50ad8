from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from edgecert.challenges.command import CommandSolver
from edgecert.model.challenge import Challenge
from edgecert.shared.errors import ChallengeError

if TYPE_CHECKING:
    from pathlib import Path

ONE = Challenge("dns-01", "*.contoso.com", "contoso.com", "token-1", "value-1")
TWO = Challenge("dns-01", "contoso.com", "contoso.com", "token-2", "value 2; rm -rf /")
WRITE = "import sys; open(sys.argv[1], 'a').write('|'.join(sys.argv[2:]) + '\\n')"
FAIL = "import sys; open(sys.argv[1], 'a').write('x'); print('zone locked'); sys.exit(3)"


def test_runs_once_per_record_with_plain_arguments(tmp_path: Path) -> None:
    log = tmp_path / "log"
    solver = CommandSolver((sys.executable, "-c", WRITE, str(log)), 30)
    solver.present((ONE, TWO))
    solver.clean_up((ONE,))
    assert log.read_text(encoding="utf-8").splitlines() == [
        "present|_acme-challenge.contoso.com|value-1",
        "present|_acme-challenge.contoso.com|value 2; rm -rf /",
        "clean-up|_acme-challenge.contoso.com|value-1",
    ]


def test_what_failed_is_told_with_what_it_said(tmp_path: Path) -> None:
    log = tmp_path / "log"
    solver = CommandSolver((sys.executable, "-c", FAIL, str(log)), 30)
    with pytest.raises(ChallengeError, match="exit code 3: zone locked") as caught:
        solver.present((ONE, TWO))
    assert caught.value.code == "challenge-command-failed"
    assert log.read_text(encoding="utf-8") == "x"
    with pytest.raises(ChallengeError):
        solver.clean_up((ONE, TWO))
    assert log.read_text(encoding="utf-8") == "xxx"


def test_what_takes_too_long_is_killed() -> None:
    solver = CommandSolver((sys.executable, "-c", "import signal; signal.pause()"), 0.2)
    with pytest.raises(ChallengeError, match=r"not done after 0\.2 s and was killed"):
        solver.present((ONE,))


def test_what_cannot_be_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(ChallengeError, match="cannot be run"):
        CommandSolver((str(tmp_path / "absent"),), 30).present((ONE,))
